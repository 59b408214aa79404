import {
  averagePredictions,
  ds,
  fit,
  ml,
  type Prediction,
  type Probabilities,
  predictProba,
  probabilityOf,
  rocAuc,
  type Stacking,
  select,
  stack,
} from "@graphvm/ml";
import { createGraph } from "@graphvm/rules";
import { type Table, tableFromArrays } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { cut, give, given, rowsOfTwoClasses } from "./blocks.js";
import { failure, rowsOf } from "./support.js";

const [B0, B1, B2, TEST] = cut(select(rowsOfTwoClasses(1600, 3), ["a", "b", "c", "y"]), 4) as [
  Table,
  Table,
  Table,
  Table,
];
give({ "stack 0": B0, "stack 1": B1, "stack 2": B2, "stack test": TEST });
const TRAINS = [0, 1, 2].map((b) => given.table(`stack ${b}`));
const FROM: Stacking = {
  models: { tree: { model: "DecisionTreeClassifier", max_depth: 4, seed: 1 }, bayes: { model: "GaussianNB" } },
  final: { model: "LogisticRegression" },
  y: "y",
  trains: TRAINS,
};
const test1 = given.table("stack test");

describe("L18: stacking over blocks", () => {
  test("a block's features are what the models of the other blocks say of it", async () => {
    const found = await createGraph().calc(stack.features(FROM, TRAINS[1]!, 1));
    const [tree, bayes] = Object.values(FROM.models).map((spec) =>
      averagePredictions([B0, B2].map((block) => predictProba(fit(spec as { model: "GaussianNB" }, block, "y"), B1))),
    ) as [Probabilities, Probabilities];
    expect(found.schema.fields.map(({ name }) => name)).toEqual(["tree=1", "bayes=1", "y"]);
    expect(found.getChild("tree=1")!.toArray()).toEqual(probabilityOf(tree, 1));
    expect(found.getChild("bayes=1")!.toArray()).toEqual(probabilityOf(bayes, 1));
    expect(rowsOf(select(found, ["y"]))).toEqual(rowsOf(select(B1, ["y"])));
  });

  test("the final model is as good as the best, though another one knows nothing; the same each time", async () => {
    const graph = createGraph({ seed: 1 });
    const said = (await graph.calc(stack.predict(FROM, test1))) as Probabilities;
    const auc = (predicted: Probabilities) => rocAuc([...TEST.getChild("y")!], probabilityOf(predicted, 1));
    const [tree, bayes] = Object.values(FROM.models).map((spec) =>
      averagePredictions(
        [B0, B1, B2].map((block) => predictProba(fit(spec as { model: "GaussianNB" }, block, "y"), TEST)),
      ),
    ) as [Probabilities, Probabilities];
    expect(auc(bayes)).toBeLessThan(0.6);
    expect(auc(said)).toBeGreaterThan(auc(tree) - 0.001);
    expect(auc(said)).toBeGreaterThan(0.96);
    expect(await createGraph({ seed: 1 }).calc(stack.predict(FROM, test1))).toEqual(said);
  });

  test("of numbers too", async () => {
    const [train, other, rest] = cut(select(rowsOfTwoClasses(900, 5), ["a", "b", "z"]), 3) as [Table, Table, Table];
    give({ "numbers 0": train, "numbers 1": other, "numbers test": rest });
    const from: Stacking = {
      models: { tree: { model: "DecisionTreeRegressor", max_depth: 3 }, line: { model: "LinearRegression" } },
      final: { model: "Ridge" },
      y: "z",
      trains: [given.table("numbers 0"), given.table("numbers 1")],
    };
    const graph = createGraph();
    const rows = given.table("numbers test");
    const [r2] = await graph.calc(ml.measure(stack.predict(from, rows), rows, "z", ["r2"]));
    expect(r2).toBeGreaterThan(0.97);
    const features = await graph.calc(stack.features(from, rows, null));
    expect(features.schema.fields.map(({ name }) => name)).toEqual(["tree", "line"]);
  });

  test("a class that some blocks don't have has its column in all", async () => {
    const rows = (labels: readonly number[]): Table =>
      tableFromArrays({ x: Float64Array.from(labels, (v, i) => v + (i % 3) / 4), k: Int32Array.from(labels) });
    give({
      "classes 0": rows([0, 1, 0, 1, 0, 1]),
      "classes 1": rows([1, 2, 1, 2, 2, 1]),
      "classes 2": rows([0, 2, 2, 0]),
    });
    const from: Stacking = {
      models: { tree: { model: "DecisionTreeClassifier" } },
      final: { model: "DecisionTreeClassifier" },
      y: "k",
      trains: [0, 1, 2].map((b) => given.table(`classes ${b}`)),
    };
    const graph = createGraph();
    const features = await graph.calc(stack.features(from, from.trains[0]!, 0));
    expect(features.schema.fields.map(({ name }) => name)).toEqual(["tree=1", "tree=2", "k"]);
    const said = (await graph.calc(stack.predict(from, from.trains[2]!))) as Prediction & Probabilities;
    expect(said.classes).toEqual([0, 1, 2]);
  });

  test("bad input: one block, no model, a model with the column's name", async () => {
    const broken = (changed: Partial<Stacking>) =>
      failure(() => createGraph().calc(stack.train({ ...FROM, ...changed })));
    const one = await broken({ trains: TRAINS.slice(1, 2) });
    expect([one.code, one.fields.blocks]).toEqual(["GVM5070", 1]);
    expect((await broken({ models: {} })).code).toBe("GVM5070");
    expect((await broken({ models: { y: { model: "GaussianNB" } } })).message).toContain("another name");
  });

  test("no node needs rows of two blocks but the predictions for them", async () => {
    const graph = createGraph({ seed: 1 });
    const trained = await graph.calc(stack.train(FROM));
    expect(trained.features.map(({ name }) => name)).toEqual(["tree=1", "bayes=1"]);
    const rows = await graph.calc(ds.concat(TRAINS.map((block, i) => stack.features(FROM, block, i))));
    expect(rows.numRows).toBe(1200);
  });
});
