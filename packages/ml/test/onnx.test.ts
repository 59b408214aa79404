import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createRandom } from "@graphvm/engine";
import {
  fit,
  type ModelSpec,
  type OnnxExportable,
  onnxInput,
  predict,
  predictProba,
  select,
  toOnnx,
} from "@graphvm/ml";
import { type Table, tableFromArrays, Utf8, vectorFromArray } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { cut, rowsOfTwoClasses } from "./blocks.js";
import { failure } from "./support.js";

function whyNot(): string | undefined {
  try {
    execFileSync("python3", ["-c", "import onnxruntime, numpy"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "python3 with onnxruntime is not there";
  }
}

const reason = whyNot();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

const PYTHON = `
import base64, json, sys
import numpy as np, onnxruntime
results = []
for work in json.load(sys.stdin):
    session = onnxruntime.InferenceSession(base64.b64decode(work["onnx"]), providers=["CPUExecutionProvider"])
    x = np.frombuffer(base64.b64decode(work["x"]), dtype=work["type"]).reshape(work["rows"], -1)
    found = session.run(None, {"features": x})
    meta = session.get_modelmeta().custom_metadata_map
    results.append({"names": [o.name for o in session.get_outputs()], "values": [np.asarray(f).tolist() for f in found], "meta": meta})
print(json.dumps(results))
`;

interface Scored {
  readonly names: readonly string[];
  readonly values: readonly [unknown, ...unknown[]];
  readonly meta: { readonly [key: string]: string };
}

function runtime(works: readonly (readonly [OnnxExportable, Table])[]): Scored[] {
  const input = works.map(([model, table]) => {
    const x = onnxInput(model, table);
    return {
      onnx: Buffer.from(toOnnx(model)).toString("base64"),
      x: Buffer.from(x.buffer, x.byteOffset, x.byteLength).toString("base64"),
      type: x instanceof Float32Array ? "float32" : "float64",
      rows: table.numRows,
    };
  });
  const printed = execFileSync("python3", ["-c", PYTHON], {
    input: JSON.stringify(input),
    encoding: "utf8",
    maxBuffer: 1e9,
  });
  return JSON.parse(printed) as Scored[];
}

/** Rows that lie on thresholds: those of training, and each value's neighbours as 32-bit and as 64-bit floats. */
function atThresholds(table: Table): Table {
  const step = (bytes: 4 | 8, by: number) => (value: number) => {
    const view = new DataView(new ArrayBuffer(8));
    if (bytes === 4) {
      view.setFloat32(0, value);
      view.setInt32(0, view.getInt32(0) + by);
      return view.getFloat32(0);
    }
    view.setFloat64(0, value);
    view.setBigInt64(0, view.getBigInt64(0) + BigInt(by));
    return view.getFloat64(0);
  };
  const moves = [(value: number) => value, step(4, 1), step(4, -1), step(8, 1), step(8, -1)];
  const columns = table.schema.fields.map(({ name }) => {
    const values = [...(table.getChild(name)! as Iterable<number>)];
    return [name, name === "y" ? values : moves.flatMap((move) => values.map(move))] as const;
  });
  return tableFromArrays(
    Object.fromEntries(
      columns.filter(([name]) => name !== "y").map(([name, values]) => [name, Float64Array.from(values)]),
    ),
  );
}

const TREES = { min_samples_leaf: 2, seed: 3 } as const;
const CLASSIFIERS: readonly ModelSpec[] = [
  { model: "DecisionTreeClassifier", ...TREES },
  { model: "RandomForestClassifier", n_estimators: 20, ...TREES },
  { model: "ExtraTreesClassifier", n_estimators: 20, ...TREES },
  { model: "HistGradientBoostingClassifier", max_iter: 20 },
];
const REGRESSORS: readonly ModelSpec[] = [
  { model: "DecisionTreeRegressor", ...TREES },
  { model: "RandomForestRegressor", n_estimators: 20, ...TREES },
  { model: "ExtraTreesRegressor", n_estimators: 20, ...TREES },
  { model: "HistGradientBoostingRegressor", max_iter: 20 },
];

function expectProbabilities(model: OnnxExportable, table: Table, [labels, found]: readonly unknown[]): void {
  const { classes, values } = predictProba(model as never, table);
  const rows = found as number[][];
  let worst = 0;
  let labelsWrong = 0;
  rows.forEach((row, r) => {
    const ours = values.subarray(r * classes.length, (r + 1) * classes.length);
    ours.forEach((p, k) => {
      worst = Math.max(worst, Math.abs(p - row[k]!));
    });
    const sorted = [...ours].sort((a, b) => b - a);
    const said = classes[ours.indexOf(sorted[0]!)]!;
    if (
      sorted[0]! - sorted[1]! > 1e-5 &&
      (labels as unknown[])[r] !== (typeof said === "boolean" ? Number(said) : said)
    )
      labelsWrong++;
  });
  expect(rows).toHaveLength(table.numRows);
  expect(worst).toBeLessThan(1e-5);
  expect(labelsWrong).toBe(0);
}

function expectNumbers(model: OnnxExportable, table: Table, [found]: readonly unknown[]): void {
  const ours = predict(model as never, table) as unknown as Float64Array;
  const worst = Math.max(
    ...(found as number[][]).map(([value], r) => Math.abs(value! - ours[r]!) / Math.max(1, Math.abs(ours[r]!))),
  );
  expect(found).toHaveLength(table.numRows);
  expect(worst).toBeLessThan(1e-5);
}

describe("L21: ONNX", () => {
  test.skipIf(reason !== undefined)(
    `classifiers score in onnxruntime as they do here, on thresholds too${skipped}`,
    () => {
      const [train] = cut(select(rowsOfTwoClasses(800, 4), ["a", "b", "c", "y"]), 2) as [Table, Table];
      const rows = atThresholds(train);
      const models = CLASSIFIERS.map((spec) => fit(spec, train, "y") as OnnxExportable);
      runtime(models.map((model) => [model, rows] as const)).forEach(({ names, values, meta }, i) => {
        expect(names).toEqual(["label", "probabilities"]);
        expectProbabilities(models[i]!, rows, values);
        expect(JSON.parse(meta["graphvm.features"]!)).toEqual([{ name: "a" }, { name: "b" }, { name: "c" }]);
      });
    },
  );

  test.skipIf(reason !== undefined)(`regressors too${skipped}`, () => {
    const train = select(rowsOfTwoClasses(400, 5), ["a", "b", "z"]);
    const rows = atThresholds(train);
    const models = REGRESSORS.map((spec) => fit(spec, train, "z") as OnnxExportable);
    runtime(models.map((model) => [model, rows] as const)).forEach(({ names, values }, i) => {
      expect(names).toEqual(["prediction"]);
      expectNumbers(models[i]!, rows, values);
    });
  });

  test.skipIf(reason !== undefined)(`three classes, texts and truth values as labels${skipped}`, () => {
    const random = createRandom(6);
    const x = Float64Array.from({ length: 300 }, () => random.next());
    const noisy = [...x].map((v) => Math.min(2, Math.floor(3 * v + 0.5 * random.next())));
    const targets = [
      vectorFromArray(
        noisy.map((k) => ["ant", "bee", "ß & Co"][k]!),
        new Utf8(),
      ),
      vectorFromArray(noisy.map((k) => k > 0)),
      Int32Array.from(noisy, (k) => 10 * k - 5),
    ];
    const works = targets.flatMap((y) => {
      const table = tableFromArrays({ x, y } as never) as unknown as Table;
      return CLASSIFIERS.map((spec) => [fit(spec, table, "y") as OnnxExportable, table] as const);
    });
    runtime(works).forEach(({ values }, i) => {
      expectProbabilities(...works[i]!, values);
    });
  });

  test.skipIf(reason !== undefined)(
    `missing values, categories, and categories that training never saw${skipped}`,
    () => {
      const random = createRandom(8);
      const kinds = ["CASH_IN", "CASH_OUT", "DEBIT", "PAYMENT", "TRANSFER", "LOAN", "FEE"];
      const made = (rows: number, names: readonly string[]): Table => {
        const kind = Array.from({ length: rows }, () => names[random.below(names.length)]!);
        const x = Array.from({ length: rows }, () => (random.next() < 0.2 ? null : random.next() * 1e7));
        const y = kind.map((k, i) =>
          Number(["DEBIT", "LOAN", "CASH_IN"].includes(k) === (x[i] ?? 0) < 5e6 || random.next() < 0.1),
        );
        return tableFromArrays({ kind, x: vectorFromArray(x), y: Int32Array.from(y) } as never) as unknown as Table;
      };
      const [train, other] = [made(900, kinds.slice(0, 6)), made(500, kinds)];
      const [whole, rest] = [train, other].map((t) => select(t, ["kind", "y"])) as [Table, Table];
      const works = [
        [fit({ model: "HistGradientBoostingClassifier", max_iter: 30 }, train, "y"), other],
        [fit({ model: "HistGradientBoostingRegressor", max_iter: 30 }, train, "y"), other],
        [fit({ model: "ExtraTreesClassifier", n_estimators: 9 }, whole, "y"), rest],
      ] as const;
      expect((works[0][0] as { sets: Uint32Array }).sets.length).toBeGreaterThan(0);
      const [classes, numbers, trees] = runtime(works as never) as [Scored, Scored, Scored];
      expectProbabilities(works[0][0], other, classes.values);
      expectNumbers(works[1][0], other, numbers.values);
      expectProbabilities(works[2][0], rest, trees.values);
    },
  );

  test.skipIf(reason !== undefined)(`a hundred categories${skipped}`, () => {
    const random = createRandom(9);
    const effect = Array.from({ length: 100 }, () => random.next());
    const kind = Array.from({ length: 4000 }, () => random.below(100));
    const y = Float64Array.from(kind, (k) => effect[k]! + 0.1 * random.next());
    const table = tableFromArrays({ kind: kind.map((k) => `kind ${k}`), y });
    const model = fit({ model: "HistGradientBoostingRegressor", max_iter: 25 }, table, "y");
    expect(model.sets.length).toBeGreaterThan(25);
    const [scored] = runtime([[model, table]]);
    expectNumbers(model, table, scored!.values);
  });

  test("the same model gives the same bytes", () => {
    const train = select(rowsOfTwoClasses(100, 1), ["a", "y"]);
    const model = () => fit({ model: "ExtraTreesClassifier", n_estimators: 3, seed: 1 }, train, "y");
    expect(toOnnx(model())).toEqual(toOnnx(model()));
  });

  test("bad input: another model, one class", async () => {
    const train = select(rowsOfTwoClasses(60, 1), ["a", "y"]);
    for (const model of ["LogisticRegression", "AdaBoostClassifier"] as const) {
      const error = await failure(() => toOnnx(fit({ model }, train, "y") as never));
      expect([error.code, error.fields.model]).toEqual(["GVM5073", model]);
    }
    const flat = tableFromArrays({ x: Float64Array.of(1, 2), y: Int32Array.of(3, 3) });
    const one = await failure(() => toOnnx(fit({ model: "DecisionTreeClassifier" }, flat, "y")));
    expect([one.code, one.message]).toEqual(["GVM5073", expect.stringContaining("one class")]);
  });
});

// 291 MB, and its install script downloads more: installed apart, `npm i --ignore-scripts onnxruntime-node` in a folder of
// its own that GRAPHVM_ONNXRUNTIME_NODE names.
const apart = process.env.GRAPHVM_ONNXRUNTIME_NODE;
test.skipIf(apart === undefined)(
  `L21: the same in onnxruntime-node${apart === undefined ? " (skipped: GRAPHVM_ONNXRUNTIME_NODE names no folder)" : ""}`,
  async () => {
    const onnx = createRequire(join(apart!, "package.json"))("onnxruntime-node") as OnnxRuntimeNode;
    const train = select(rowsOfTwoClasses(400, 4), ["a", "b", "c", "y"]);
    const rows = atThresholds(train);
    for (const spec of [...CLASSIFIERS, ...REGRESSORS]) {
      const model = fit(spec, train, "y" as never) as OnnxExportable;
      const session = await onnx.InferenceSession.create(toOnnx(model));
      const x = onnxInput(model, rows);
      const features = new onnx.Tensor(x instanceof Float32Array ? "float32" : "float64", x, [rows.numRows, 3]);
      const found = await session.run({ features });
      const width = "classes" in model ? model.classes.length : 1;
      const numbers = [...(found["classes" in model ? "probabilities" : "prediction"]!.data as Float32Array)];
      const values = Array.from({ length: rows.numRows }, (_, row) => numbers.slice(row * width, (row + 1) * width));
      if ("classes" in model) expectProbabilities(model, rows, [[...found.label!.data].map(Number), values]);
      else expectNumbers(model, rows, [values]);
    }
  },
);

/** As much of onnxruntime-node as is used here. */
interface OnnxRuntimeNode {
  readonly InferenceSession: {
    create(bytes: Uint8Array): Promise<{
      run(feeds: object): Promise<{ readonly [output: string]: { readonly data: Iterable<number | bigint> } }>;
    }>;
  };
  readonly Tensor: new (type: string, data: Float32Array | Float64Array, dims: readonly number[]) => object;
}
