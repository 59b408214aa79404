import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { digestValue } from "@graphvm/engine";
import {
  commandAtom,
  encodeTable,
  type PyClassifier,
  type PyOptions,
  py,
  pyFloat,
  pyPredict,
  pyPredictProba,
  pyScore,
  pyTrain,
  readCsv,
  select,
  writePaysimCsv,
} from "@graphvm/ml";
import { apply, createGraph, namespace, type Op, rule } from "@graphvm/rules";
import { Float64, type Table, tableFromArrays, vectorFromArray } from "apache-arrow";
import { beforeAll, expect, test, vi } from "vitest";
import { pythonTest, runPython } from "./python-support.js";
import { fromPython, sortedLines } from "./readme-python.js";
import { tempPath } from "./support.js";

const COLUMNS = ["step", "amount", "oldbalanceOrg", "newbalanceOrig", "newbalanceDest", "isFraud"];

let table: Table;
let arrow: string;

beforeAll(async () => {
  const path = tempPath();
  await writePaysimCsv(path, { rows: 4000, seed: 5 });
  table = select(await readCsv(path), COLUMNS);
  arrow = tempPath("table.arrow");
  writeFileSync(arrow, encodeTable(table));
});

/** Fits and asks estimators without graphvm. */
const DIRECT = `
import importlib, json, sys
import pyarrow as pa
frame = pa.ipc.open_stream(open(sys.argv[1], "rb")).read_all().to_pandas()
found = []
for name, options, y in json.loads(sys.argv[2]):
    module, _, last = name.rpartition(".")
    x = frame.drop(columns=[y])
    model = getattr(importlib.import_module(module), last)(**options).fit(x, frame[y])
    said = {"predicted": model.predict(x).tolist(), "score": model.score(x, frame[y])}
    if hasattr(model, "predict_proba"):
        said["probabilities"] = model.predict_proba(x).ravel().astype("f8").tolist()
    found.append(said)
print(json.dumps(found))
`;

interface Direct {
  readonly predicted: number[];
  readonly score: number;
  readonly probabilities?: number[];
}

const ESTIMATORS: readonly (readonly [name: string, options: PyOptions])[] = [
  ["sklearn.ensemble.ExtraTreesClassifier", { n_estimators: 10, min_samples_leaf: 10 }],
  ["sklearn.ensemble.RandomForestClassifier", { n_estimators: 5 }],
  ["sklearn.ensemble.HistGradientBoostingClassifier", { max_iter: 10 }],
  ["sklearn.linear_model.LogisticRegression", { max_iter: 50 }],
  ["sklearn.ensemble.AdaBoostClassifier", { n_estimators: 5 }],
  ["sklearn.neural_network.MLPClassifier", { max_iter: 3 }],
  ["xgboost.XGBClassifier", { n_estimators: 10 }],
  ["lightgbm.LGBMClassifier", { n_estimators: 10, verbose: -1 }],
];

pythonTest("P1: the same predictions, probabilities and score as Python gives, bit for bit", async () => {
  const regressor = "sklearn.ensemble.ExtraTreesRegressor";
  const asked = [
    ...ESTIMATORS.map(([name, options]) => [name, { ...options, random_state: 3 }, "isFraud"] as const),
    [regressor, { n_estimators: 5, random_state: 1 }, "amount"] as const,
  ];
  const direct = runPython(DIRECT, arrow, JSON.stringify(asked)) as Direct[];
  for (const [i, [name, options, y]] of asked.entries()) {
    const { predicted, score, probabilities } = direct[i]!;
    const model = await pyTrain(name, options, y, table);
    expect(model).toMatchObject({ estimator: name, task: name === regressor ? "regress" : "classify" });
    expect(await pyScore(model, table, y), name).toBe(score);
    if (model.task !== "classify") {
      expect(Array.from(await pyPredict(model, table)), name).toEqual(predicted);
      continue;
    }
    const { codes, classes } = await pyPredict(model, table);
    expect(
      Array.from(codes, (code) => classes[code]),
      name,
    ).toEqual(predicted);
    expect(Array.from((await pyPredictProba(model, table)).values), name).toEqual(probabilities);
  }
});

pythonTest("P1: clusters learn without a target", async () => {
  const clusters = await pyTrain("sklearn.cluster.KMeans", { n_clusters: 3 }, null, table);
  const numbers = (await pyPredict(clusters, table)) as Float64Array;
  expect([clusters.task, new Set(numbers)]).toEqual(["cluster", new Set([0, 1, 2])]);
  expect(await pyScore(clusters, table, null)).toBeLessThan(0);
});

pythonTest(
  "P2: fitting again gives equal bytes, whatever this Python did in between, and so does another process",
  async () => {
    const digests = async (list: typeof ESTIMATORS): Promise<Map<string, string>> => {
      const found = new Map<string, string>();
      for (const [name, options] of list) found.set(name, digestValue(await pyTrain(name, options, "isFraud", table)));
      return found;
    };
    const first = await digests(ESTIMATORS);
    expect(await digests(ESTIMATORS.toReversed())).toEqual(first);
    // ends the process: the next one has run nothing
    await expect(pyTrain("odd_estimators.Dies", {}, null, table)).rejects.toMatchObject({ code: "GVM5063" });
    expect(await digests(ESTIMATORS.toReversed())).toEqual(first);
  },
);

const other = namespace("other", {
  data: rule((): Op<Table> => apply(() => table)()),
});

pythonTest(
  "P3: random numbers come from the session's seed and the node; what the options say is used as it is",
  async () => {
    const trees = (n: number, more: PyOptions = {}) =>
      py.train(other.data(), "isFraud", "sklearn.ensemble.ExtraTreesClassifier", {
        n_estimators: n,
        min_samples_leaf: 50,
        ...more,
      });
    const scores = async (seed: number, more: PyOptions = {}): Promise<string> => {
      const graph = createGraph({ seed });
      return digestValue(await graph.calc(py.classifyProb(trees(3, more), other.data())));
    };
    expect(await scores(1)).toBe(await scores(1));
    expect(await scores(1)).not.toBe(await scores(2));
    expect(await scores(1, { random_state: 4 })).toBe(await scores(2, { random_state: 4 }));
    const draws = py.predict(py.train(other.data(), null, "odd_estimators.Draws"), other.data());
    const drawn = async (seed: number) => digestValue(await createGraph({ seed }).calc(draws));
    expect(await drawn(1)).toBe(await drawn(1));
    expect(await drawn(1)).not.toBe(await drawn(2));
  },
);

pythonTest(
  "P4: as rules, in a strict graph: nothing that graphvm starts counts as a read; the tools are told",
  async () => {
    const graph = createGraph({ seed: 1, undeclared: "refuse" });
    const data = other.data();
    const model = py.train(data, "isFraud", "sklearn.linear_model.LogisticRegression", { max_iter: 20 });
    const score = await graph.calc(py.score(model, data, "isFraud"));
    expect(score).toBeGreaterThan(0.5);
    expect(graph.undeclaredReads()).toEqual([]);
    const tools = graph.toolsUsed();
    expect(tools).toMatchObject({ python: expect.stringMatching(/^3\./), numpy: expect.any(String) });
    expect(tools["scikit-learn"]).toBe((await graph.calc(model)).packages["scikit-learn"]);
    const given = await graph.calc(model);
    await expect(graph.calc(py.predict(given as never, data))).rejects.toMatchObject({ code: "GVM5062" });
  },
);

pythonTest(
  "P5: texts are categories, an unseen one is missing; missing numbers are NaN; classes may be texts or truth values",
  async () => {
    const type = ["a", "b", null, "b", "a", "c"];
    const amount = vectorFromArray([1, 2, null, 4, 5, 6], new Float64());
    const kind = ["no", "yes", "no", "yes", "no", "yes"];
    const train = tableFromArrays({ type, kind })
      .assign(tableFromArrays({}))
      .assign(tableFromArrays({ flag: [true, false, true, false, true, false] }));
    const data = train.assign(new (train.constructor as typeof Table)({ amount }));
    const options = { min_samples_leaf: 1, max_iter: 5, min_data_in_bin: 1, categorical_features: "from_dtype" };
    const { min_data_in_bin, ...hist } = options;
    const name = "sklearn.ensemble.HistGradientBoostingClassifier";
    const model = (await pyTrain(name, hist, "kind", data)) as PyClassifier;
    expect(model.classes).toEqual(["no", "yes"]);
    expect(model.features).toEqual([
      { name: "type", categories: ["a", "b", "c"] },
      { name: "flag" },
      { name: "amount" },
    ]);
    const unseen = data.assign(tableFromArrays({ type: ["z", "b", "b", "b", "b", "b"] }));
    const none = data.assign(
      new (train.constructor as typeof Table)({ type: vectorFromArray([null, "b", "b", "b", "b", "b"]) }),
    );
    expect(await pyPredictProba(model, unseen)).toEqual(await pyPredictProba(model, none));
    const flags = (await pyTrain(name, hist, "flag", data)) as PyClassifier;
    expect(flags.classes).toEqual([false, true]);
    expect(await pyScore(model, data, "kind")).toBeGreaterThanOrEqual(0.5);
    const numbers = data.assign(tableFromArrays({ type: Float64Array.of(1, 2, 3, 4, 5, 6) }));
    await expect(pyPredict(model, numbers)).rejects.toMatchObject({ code: "GVM5011", fields: { column: "type" } });
  },
);

const sly = namespace("sly", {
  reads: rule(
    (): Op<number> =>
      apply(async (data: Table) => {
        await pyTrain("sklearn.linear_model.LinearRegression", {}, "amount", data);
        return readFileSync("/etc/hostname").length;
      })(other.data()),
  ),
  runs: rule(
    (): Op<string> =>
      apply(async () => {
        await commandAtom({ command: "true" });
        return execFileSync("true", { encoding: "utf8" });
      })(),
  ),
});

pythonTest("P4: atoms are watched as ever, also after they asked Python or ran a command", async () => {
  const strict = createGraph({ undeclared: "refuse" });
  await expect(strict.calc(sly.reads())).rejects.toMatchObject({ code: "GVM1205", fields: { what: "/etc/hostname" } });
  await expect(strict.calc(sly.runs())).rejects.toMatchObject({ code: "GVM1205", fields: { kind: "process" } });
});

pythonTest("P3: nodes that ask side by side get their own answers", async () => {
  const depths = [1, 2, 3, 4, 5];
  const models = depths.map((max_depth) =>
    py.train(other.data(), "isFraud", "sklearn.tree.DecisionTreeClassifier", { max_depth }),
  );
  const together = await createGraph({ seed: 1 }).calc(models);
  const alone = createGraph({ seed: 1 });
  for (const [i, model] of models.entries())
    expect(digestValue(together[i])).toBe(digestValue(await alone.calc(model)));
  expect(new Set(together.map((model) => digestValue(model))).size).toBe(depths.length);
});

pythonTest("P6: what estimators print, and descriptors they write to, disturb nothing; stdin is empty", async () => {
  const model = await pyTrain("odd_estimators.Prints", {}, null, table);
  expect((await pyPredict(model, table)).valueOf()).toEqual(new Float64Array(table.numRows));
});

pythonTest("P7: options: floats that are whole, NaN, lists; others are refused by name", async () => {
  const name = "sklearn.ensemble.ExtraTreesClassifier";
  const one = await pyTrain(name, { n_estimators: 2, max_features: 1 }, "isFraud", table);
  const all = await pyTrain(name, { n_estimators: 2, max_features: pyFloat(1) }, "isFraud", table);
  expect(digestValue(one)).not.toBe(digestValue(all));
  const nan = await pyTrain("xgboost.XGBClassifier", { n_estimators: 2, missing: Number.NaN }, "isFraud", table);
  expect(nan.task).toBe("classify");
  const date = { n_estimators: new Date(0) } as unknown as PyOptions;
  await expect(pyTrain(name, date, "isFraud", table)).rejects.toMatchObject({
    code: "GVM5010",
    fields: { option: "n_estimators" },
  });
});

pythonTest("P8: a million rows go there and back as Arrow, never as JSON", { timeout: 120_000 }, async () => {
  const rows = 1_000_000;
  const column = (step: number): Float64Array => Float64Array.from({ length: rows }, (_, i) => (i * step) % 1013);
  const y = Int32Array.from({ length: rows }, (_, i) => ((i * 7) % 1013 > 500 ? 1 : 0));
  const large = tableFromArrays({ a: column(7), b: column(11), c: column(13), y });
  const json = vi.spyOn(JSON, "stringify");
  try {
    const model = (await pyTrain("sklearn.tree.DecisionTreeClassifier", { max_depth: 3 }, "y", large)) as PyClassifier;
    const { codes } = await pyPredict(model, large);
    expect(codes.length).toBe(rows);
    expect(codes.every((code, i) => code === y[i])).toBe(true);
    const longest = Math.max(...json.mock.results.map(({ value }) => String(value).length));
    expect(longest).toBeLessThan(2000);
  } finally {
    json.mockRestore();
  }
});

test("the README's example of Python and programs is this file", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = readFileSync(new URL("readme-python.ts", import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\`\n`);
});

pythonTest("the README's example of Python and programs runs", async () => {
  const graph = createGraph({ seed: 1 });
  const [auc, accuracy] = await graph.calc(fromPython(other.data(), other.data()));
  expect([auc, accuracy].every((each) => each! > 0.9)).toBe(true);
  const path = tempPath("payments.csv");
  writeFileSync(path, "1,b\n2,a\n");
  expect(Buffer.from(await graph.calc(sortedLines(path))).toString()).toBe("2,a\n1,b\n");
});
