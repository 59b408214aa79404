import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createGraph, digestValue, type Graph } from "@graphvm/engine";
import { LocalInputs } from "@graphvm/engine/internal";
import { aucOf, averageProbabilities, csvBlocks, ds, fit, predictProba, prep, writePaysimCsv } from "@graphvm/ml";
import { file, type Ref } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { connect, startMaster } from "graphvm";
import {
  type Blocks,
  CUT,
  FOREST,
  fraudTable,
  type Pipeline,
  type Sampling,
  TARGET,
  trainingTables,
} from "./fraud-table-pipeline.js";
import { type Aucs, SEEDS, sklearnAucs } from "./fraud-table-sklearn.js";

/** A line of the table. */
export interface FraudLine {
  readonly pipeline: "single" | "downsampled" | "bagged" | "doubly batched" | "distributed";
  readonly sampling: Sampling;
  readonly auc: number;
  /** Of all scores of the test rows. */
  readonly digest: string;
  /** Whether a second run, of a graph or cluster of its own, gave the same digest. */
  readonly reproduced: boolean;
  /** The same models on the same rows, for several other seeds. */
  readonly others: Aucs;
  /** scikit-learn's for as many seeds; absent where it is not there. */
  readonly sklearn?: Aucs;
}

/** Where rows come from. */
export interface FraudTableOptions {
  /** Transactions with PaySim's columns, dealt to blocks by class; without it some are made up, in blocks by time. */
  readonly data?: string;
  readonly rows: number;
  readonly seed: number;
  readonly workers: number;
}

/** The lines for one table of transactions. */
export interface FraudTable {
  readonly data: "given" | "generated";
  readonly rows: number;
  readonly lines: readonly FraudLine[];
}

const TRAINS = 8;
const TESTS = 4;

/** Where the real transactions are, if they are: all of them, or a slice. */
export const REAL_DATA = ["paysim.csv", "paysim_sample.csv"]
  .map((name) => fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url)))
  .find(existsSync);

/** Runs every pipeline twice, and scikit-learn on the rows that each of its models was given. */
export async function makeFraudTable(options: FraudTableOptions): Promise<FraudTable> {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-fraud-table-"));
  try {
    const path = join(folder, "rows.csv");
    if (options.data === undefined) await writePaysimCsv(path, { rows: options.rows, seed: options.seed });
    else copyFileSync(options.data, path);
    const blocks = options.data === undefined ? await blocksByTime(path) : blocksByClass("rows.csv");
    const runs = [await runAll(blocks, folder, options), await runAll(blocks, folder, options)] as const;
    const graph = createGraph({ seed: options.seed, inputs: new LocalInputs(folder) });
    const { ours, theirs } = await overSeeds(graph, blocks, folder);
    const { numRows } = await graph.calc(ds.concat([...blocks.trains, ...blocks.tests]));
    const lines = runs[0].map((line, i): FraudLine => {
      const models = `${modelsOf(line.pipeline)}, ${line.sampling}`;
      const reproduced = runs[1][i]!.digest === line.digest;
      const base = { ...line, reproduced, others: ours[models]! };
      return theirs === undefined ? base : { ...base, sklearn: theirs[models]! };
    });
    return { data: options.data === undefined ? "generated" : "given", rows: numRows, lines };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function blocksByTime(path: string): Promise<Blocks> {
  const blocks = await csvBlocks(path, { blocks: TRAINS + TESTS, uri: "rows.csv" });
  return { trains: blocks.slice(0, TRAINS), tests: blocks.slice(TRAINS) };
}

/** A slice of the real data has its frauds in a few of its hours: blocks by time would have none, or nothing else. */
function blocksByClass(uri: string): Blocks {
  const table = ds.csvSource(file(uri));
  const how = { parts: Array.from({ length: TRAINS + TESTS }, () => 1), stratify: "isFraud" };
  const blocks = how.parts.map((_, i): Ref<Table> => prep.part(table, how, i));
  return { trains: blocks.slice(0, TRAINS), tests: blocks.slice(TRAINS) };
}

type Run = Pick<FraudLine, "pipeline" | "sampling" | "auc" | "digest">;

const SAMPLINGS = ["all rows", "downsample", "undersample"] as const;
const PLAIN = ["all rows", "undersample"] as const;
const LOCAL: readonly [FraudLine["pipeline"], Pipeline, readonly Sampling[]][] = [
  ["single", "one model", PLAIN],
  ["downsampled", "one model", ["downsample"]],
  ["bagged", "bagged", SAMPLINGS],
  ["doubly batched", "doubly batched", SAMPLINGS],
];

function modelsOf(pipeline: FraudLine["pipeline"]): Pipeline {
  return pipeline === "single" || pipeline === "downsampled" ? "one model" : "bagged";
}

/** Every pipeline once: in a graph here, and the distributed ones on a cluster. */
async function runAll(blocks: Blocks, folder: string, options: FraudTableOptions): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (const [pipeline, how, samplings] of LOCAL) {
    for (const sampling of samplings) {
      const graph = createGraph({ seed: options.seed, inputs: new LocalInputs(folder) });
      const auc = await graph.calc(fraudTable.auc(how, blocks, sampling));
      const scores = await graph.calc(fraudTable.scores(how, blocks, sampling));
      runs.push({ pipeline, sampling, auc, digest: digestValue(scores) });
    }
  }
  return [...runs, ...(await runDistributed(blocks, folder, options))];
}

async function runDistributed(blocks: Blocks, root: string, { seed, workers }: FraudTableOptions): Promise<Run[]> {
  const master = await startMaster({ port: 0, workers, seed, root });
  try {
    const session = await connect(master.url);
    const program = fileURLToPath(new URL("./fraud-table-pipeline.js", import.meta.url));
    const loaded = await session.load<typeof import("./fraud-table-pipeline.js")>(program);
    const runs: Run[] = [];
    for (const sampling of SAMPLINGS) {
      const [auc, scores] = [
        loaded.fraudTable.auc("doubly batched", blocks, sampling),
        loaded.fraudTable.scores("doubly batched", blocks, sampling),
      ];
      await session.dispatchJobs(await session.jobDeps([auc, scores], { cut: CUT }));
      await session.wait();
      const digest = digestValue(await session.getData(scores));
      runs.push({ pipeline: "distributed", sampling, auc: await session.getData(auc), digest });
    }
    await session.close();
    return runs;
  } finally {
    await master.close();
  }
}

/** Models of several seeds on the very rows that the pipelines' models were given, ours and scikit-learn's. */
async function overSeeds(graph: Graph, blocks: Blocks, folder: string) {
  const kinds = (["one model", "bagged"] as const).flatMap((pipeline) =>
    SAMPLINGS.map((sampling) => ({ name: `${pipeline}, ${sampling}`, pipeline, sampling })),
  );
  const test = await graph.calc(fraudTable.test(blocks));
  const works = kinds.map(async ({ name, pipeline, sampling }) => {
    const tables = trainingTables(pipeline, blocks, sampling);
    return { name, trains: await Promise.all(tables.map((table) => graph.calc(table))) };
  });
  const all = await Promise.all(works);
  const ours = Object.fromEntries(all.map(({ name, trains }) => [name, ownAucs(trains, test)]));
  return { ours, theirs: sklearnAucs(folder, all, test) };
}

function ownAucs(trains: readonly Table[], test: Table): Aucs {
  const aucs = Array.from({ length: SEEDS }, (_, seed) => {
    const models = trains.map((table, i) => fit({ ...FOREST, seed: 100 * seed + i }, table, TARGET));
    return aucOf(averageProbabilities(models.map((model) => predictProba(model, test))), test, TARGET);
  });
  return { mean: aucs.reduce((a, b) => a + b) / SEEDS, least: Math.min(...aucs), greatest: Math.max(...aucs) };
}
