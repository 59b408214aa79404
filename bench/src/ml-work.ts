import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "@graphvm/engine";
import {
  aucOf,
  type ClassifierSpec,
  classesOf,
  fit,
  predictProba,
  readCsv,
  select,
  stratifiedSplit,
  writePaysimCsv,
} from "@graphvm/ml";
import { Float64, makeData, Table, Vector } from "apache-arrow";
import { COLUMNS, TARGET } from "./fraud-table-pipeline.js";

/** One line of the benchmark: a model, the same options for both sides. */
export interface Work {
  readonly name: string;
  readonly spec: ClassifierSpec;
  /** Where scikit-learn has it, and what it needs besides the options to be the same. */
  readonly python: string;
  /** Whether features are standardised beforehand, for both. */
  readonly standardised?: boolean;
  readonly runs: number;
}

const LEAF = { min_samples_leaf: 10 } as const;
/** With scikit-learn's default step, boosting on .13 % fraud overflows on either side: AUCs from .4 to .8 by chance. */
const BOOST = { max_iter: 100, learning_rate: 0.05, l2_regularization: 1, early_stopping: false } as const;

export const WORKS: readonly Work[] = [
  {
    name: "extra trees, 10",
    spec: { model: "ExtraTreesClassifier", n_estimators: 10, ...LEAF, seed: 1 },
    python: "ensemble.ExtraTreesClassifier(n_estimators=10, min_samples_leaf=10, random_state=1, n_jobs=1)",
    runs: 5,
  },
  {
    name: "extra trees, 100",
    spec: { model: "ExtraTreesClassifier", n_estimators: 100, ...LEAF, seed: 1 },
    python: "ensemble.ExtraTreesClassifier(n_estimators=100, min_samples_leaf=10, random_state=1, n_jobs=1)",
    runs: 1,
  },
  {
    name: "random forest, 10",
    spec: { model: "RandomForestClassifier", n_estimators: 10, ...LEAF, seed: 1 },
    python: "ensemble.RandomForestClassifier(n_estimators=10, min_samples_leaf=10, random_state=1, n_jobs=1)",
    runs: 3,
  },
  {
    name: "gradient boosting, 100",
    spec: { model: "HistGradientBoostingClassifier", ...BOOST, seed: 1 },
    python:
      "ensemble.HistGradientBoostingClassifier(max_iter=100, learning_rate=.05, l2_regularization=1, early_stopping=False, random_state=1)",
    runs: 3,
  },
  {
    name: "logistic regression",
    spec: { model: "LogisticRegression", C: 1 },
    python: "linear_model.LogisticRegression(C=1, max_iter=1000)",
    standardised: true,
    runs: 3,
  },
];

/** What one side took. */
export interface MlRun {
  readonly fit: readonly number[];
  readonly predict: readonly number[];
  /** Processor seconds of the process over a fit: more than the clock's where there are threads. */
  readonly cpu: readonly number[];
  readonly auc: number;
  readonly peakBytes: number;
}

/**
 * PaySim-like rows, split by class 7 to 3, as one file of 64-bit floats a part (and one each with standardised features):
 * column after column. Made once for a number of rows.
 *
 * @returns the folder
 */
export async function prepare(rows: number): Promise<string> {
  const folder = join(tmpdir(), `graphvm-bench-ml-${rows}`);
  if (existsSync(folder)) return folder;
  const making = `${folder}-${process.pid}`;
  mkdirSync(making);
  const csv = join(making, "rows.csv");
  await writePaysimCsv(csv, { rows: Math.round(rows / 0.7), seed: 7 });
  const table = select(await readCsv(csv), COLUMNS);
  const [train, test] = stratifiedSplit(table, TARGET, 0.7, createRandom(1)).map(columnsOf) as [
    Float64Array[],
    Float64Array[],
  ];
  write(join(making, "train.bin"), train);
  write(join(making, "test.bin"), test);
  const scales = train.slice(0, -1).map(momentsOf);
  const scaled = (columns: Float64Array[]): Float64Array[] =>
    columns.map((column, j) => {
      const by = scales[j];
      return by === undefined ? column : column.map((value) => (value - by.mean) / by.deviation);
    });
  write(join(making, "train-standardised.bin"), scaled(train));
  write(join(making, "test-standardised.bin"), scaled(test));
  renameSync(making, folder);
  return folder;
}

function columnsOf(table: Table): Float64Array[] {
  return COLUMNS.map((name) => {
    if (name === "type") return Float64Array.from(classesOf(table, name).codes);
    return Float64Array.from(table.getChild(name)!.toArray() as Float64Array, Number);
  });
}

function momentsOf(column: Float64Array): { mean: number; deviation: number } {
  const mean = column.reduce((a, b) => a + b, 0) / column.length;
  const variance = column.reduce((sum, v) => sum + (v - mean) * (v - mean), 0) / column.length;
  return { mean, deviation: Math.sqrt(variance) };
}

function write(path: string, columns: readonly Float64Array[]): void {
  writeFileSync(path, Buffer.concat(columns.map((c) => Buffer.from(c.buffer, c.byteOffset, c.byteLength))));
}

/** A part as a table of 64-bit columns. */
function read(path: string): Table {
  const bytes = readFileSync(path);
  const all = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const rows = all.length / COLUMNS.length;
  const columns = COLUMNS.map((name, j) => {
    const data = all.subarray(j * rows, (j + 1) * rows);
    return [name, new Vector([makeData({ type: new Float64(), length: rows, data })])] as const;
  });
  return new Table(Object.fromEntries(columns));
}

/** Fits and predicts a work in this process. */
export function runWork(work: Work, folder: string): MlRun {
  const suffix = work.standardised === true ? "-standardised" : "";
  const train = read(join(folder, `train${suffix}.bin`));
  const test = read(join(folder, `test${suffix}.bin`));
  const took: { fit: number; predict: number; cpu: number }[] = [];
  let auc = 0;
  for (let run = 0; run < work.runs; run++) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const model = fit(work.spec, train, TARGET);
    const fitted = performance.now();
    const { user, system } = process.cpuUsage(cpu);
    const predicted = predictProba(model, test);
    const done = performance.now();
    took.push({ fit: (fitted - start) / 1e3, predict: (done - fitted) / 1e3, cpu: (user + system) / 1e6 });
    auc = aucOf(predicted, test, TARGET);
  }
  return {
    fit: took.map((each) => each.fit),
    predict: took.map((each) => each.predict),
    cpu: took.map((each) => each.cpu),
    auc,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}
