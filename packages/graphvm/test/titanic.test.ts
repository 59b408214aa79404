import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Table } from "apache-arrow";
import { createGraph, file } from "graphvm";
import { columnNames, gini, readCsv, writeTitanicCsv } from "graphvm/ml";
import { beforeAll, describe, expect, test } from "vitest";
import { MODELS, titanic } from "../dist/demo/titanic-pipeline.js";
import { graphvm, graphvmJson, testFolder } from "./helpers.js";

/** The well-known list, beside the repository on machines that have it. */
const LIST = fileURLToPath(new URL("../../../../shared/data/titanic.csv", import.meta.url));

function whyNot(): string | undefined {
  if (!existsSync(LIST)) return "../shared/data/titanic.csv is not there";
  try {
    execFileSync("python3", ["-c", "import sklearn"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "python3 with scikit-learn is not there";
  }
}

const PYTHON = `
import json, sys, warnings
import numpy as np
from sklearn import ensemble, linear_model, naive_bayes, tree, metrics
warnings.filterwarnings("ignore")
given = json.load(sys.stdin)
places = [ensemble, linear_model, naive_bayes, tree]
def part(name):
    return np.array(given[name]["x"], dtype=float).T, np.array(given[name]["y"])
out = {}
for name, spec in given["models"].items():
    kind = spec.pop("model")
    if "seed" in spec: spec["random_state"] = spec.pop("seed")
    if kind == "LogisticRegression": spec["max_iter"] = 10000
    model = next(getattr(p, kind) for p in places if hasattr(p, kind))(**spec).fit(*part("train"))
    x, y = part("test")
    out[name] = 2 * metrics.roc_auc_score(y, model.predict_proba(x)[:, 1]) - 1
print(json.dumps(out))
`;

const reason = whyNot();

describe.skipIf(reason !== undefined)(`seven models on the list of 891${reason ? ` (skipped: ${reason})` : ""}`, () => {
  const ours = new Map<string, number>();
  let theirs: Record<string, number>;

  beforeAll(async () => {
    const graph = createGraph({ seed: 0 });
    const source = file(LIST);
    const metrics = await graph.calc(titanic.metrics(source));
    for (const row of metrics.toArray()) if (row.sample === "out") ours.set(String(row.model), Number(row.gini));
    const part = (table: Table) => {
      const values = (name: string): number[] => [...table.getChild(name)!].map(Number);
      const names = columnNames(table).filter((name) => name !== "survived");
      return { x: names.map(values), y: values("survived") };
    };
    const [train, test] = await graph.calc([titanic.train(source), titanic.test(source)]);
    const input = JSON.stringify({ models: MODELS, train: part(train!), test: part(test!) });
    theirs = JSON.parse(execFileSync("python3", ["-c", PYTHON], { input, encoding: "utf8" }));
  });

  test.each(Object.keys(MODELS))("%s: Gini out of sample within .03 of scikit-learn's on the same split", (name) => {
    expect(Math.abs(ours.get(name)! - theirs[name]!)).toBeLessThan(0.03);
    expect(ours.get(name)).toBeGreaterThan(0.6);
  });
});

test("made-up passengers have the columns, gaps and shares of the list, the same for a seed", async () => {
  const { path } = testFolder();
  const made = join(path, "made.csv");
  await writeTitanicCsv(made, { rows: 891, seed: 3 });
  const again = join(path, "again.csv");
  await writeTitanicCsv(again, { rows: 891, seed: 3 });
  expect(readFileSync(again, "utf8")).toBe(readFileSync(made, "utf8"));
  const table = await readCsv(made);
  expect(columnNames(table).slice(0, 5)).toEqual(["survived", "pclass", "name", "sex", "age"]);
  const missing = (name: string): number => table.getChild(name)!.nullCount / table.numRows;
  expect(missing("age")).toBeGreaterThan(0.12);
  expect(missing("age")).toBeLessThan(0.28);
  expect(missing("cabin")).toBeGreaterThan(0.65);
  expect(missing("embarked")).toBeLessThan(0.02);
  const survived = [...table.getChild("survived")!].map(Number);
  const women = [...table.getChild("sex")!].map((sex) => Number(sex === "female"));
  expect(survived.reduce((a, b) => a + b) / 891).toBeCloseTo(0.38, 1);
  expect(gini(survived, women)).toBeGreaterThan(0.3);
});

test("the demo prepares, compares, searches, and its replay is equal", async () => {
  const { path } = testFolder();
  const args = ["demo", "titanic", "--rows", "150", "--workers", "2"];
  const { code, json } = await graphvmJson([...args, "--record", "t.gvr"], path);
  expect(code).toBe(0);
  expect(json).toMatchObject({ data: "generated", rows: 150, replay: { verdict: "equal", workers: 3 } });
  const found = json as {
    models: object[];
    grid: { gini_out: number }[];
    tuned: { giniOfFolds: number };
    summary: object[];
  };
  expect(found.models).toHaveLength(14);
  expect(found.summary).toHaveLength(11);
  expect(found.tuned.giniOfFolds).toBe(Math.max(...found.grid.map((row) => row.gini_out)));
  const refused = await graphvm([...args, "--record", "t.gvr"], path);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  const nowhere = await graphvm(["demo", "titanic", "--data", "nowhere.csv", "--record", "u.gvr"], path);
  expect(nowhere.code).toBe(2);
  expect(nowhere.stderr).toMatch(/GVM5001: nowhere\.csv can't be read/);
}, 180_000);
