import {
  averagePredictions,
  concat,
  fit,
  measure,
  ml,
  online,
  type Probabilities,
  predictProba,
  type ScoreSoFar,
  type StreamLearning,
  select,
} from "@graphvm/ml";
import { createGraph, type Ref, stream } from "@graphvm/rules";
import { type Table, tableFromArrays } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { cut, give, given, rowsOfTwoClasses } from "./blocks.js";
import { failure } from "./support.js";

const BLOCKS = cut(select(rowsOfTwoClasses(1200, 9), ["a", "b", "y"]), 6);
const TEST = select(rowsOfTwoClasses(500, 10), ["a", "b", "y"]);
give({ "online test": TEST });
const SPEC = { model: "ExtraTreesClassifier", n_estimators: 5, min_samples_leaf: 5, seed: 2 } as const;
const HOW: StreamLearning = { spec: SPEC, y: "y", metrics: ["auc", "accuracy"] };
const block = stream.source<Table>("block");

async function streamed<T>(target: Ref<T>, blocks: readonly Table[] = BLOCKS, seed = 1): Promise<T[]> {
  const values: T[] = [];
  for await (const value of createGraph({ seed }).stream(target, { source: blocks })) values.push(value);
  return values;
}

describe("L19: learning from a stream", () => {
  test("a model a block, their running average, and its score after each block", async () => {
    const test1 = given.table("online test");
    const said = online.predict(block, test1, "y", SPEC);
    const averages = await streamed(said);
    const models = BLOCKS.map((each) => predictProba(fit(SPEC, each, "y"), TEST));
    averages.forEach((average, i) => {
      expect(average).toEqual(averagePredictions(models.slice(0, i + 1)));
    });
    const scores = await streamed(ml.score(said as Ref<Probabilities>, test1, "y"));
    expect(scores).toEqual(averages.map((average) => measure("auc", average, TEST, "y")));
    expect(scores.at(-1)).toBeGreaterThan(scores[0]!);
  });

  test("the score so far is of rows that were not learned from yet", async () => {
    const found = await streamed(online.score(block, HOW));
    expect(found.map(({ models, rows }) => [models, rows])).toEqual(BLOCKS.map((_, i) => [i + 1, 200 * i]));
    expect(found[0]!.metrics).toEqual([null, null]);
    const parts = BLOCKS.slice(1).map((each, i) => {
      const trained = BLOCKS.slice(0, i + 1).map((before) => fit(SPEC, before, "y"));
      return averagePredictions(trained.map((model) => predictProba(model, each)));
    });
    const values = Float64Array.from(parts.flatMap((part) => [...part.values]));
    const predicted = { classes: [0, 1], values };
    const rows = concat(BLOCKS.slice(1));
    expect(found.at(-1)!.metrics).toEqual(HOW.metrics.map((metric) => measure(metric, predicted, rows, "y")));
  });

  test("keep bounds how many models have a say", async () => {
    const found = await streamed(online.score(block, { ...HOW, keep: 2 }));
    expect(found.map(({ models }) => models)).toEqual([1, 2, 2, 2, 2, 2]);
    const all = await streamed(online.score(block, HOW));
    expect(found.slice(0, 3)).toEqual(all.slice(0, 3).map((each, i) => ({ ...each, models: [1, 2, 2][i] })));
    expect(found.at(-1)).not.toEqual(all.at(-1));
  });

  test("goes on from a saved state, and is the same in a batch", async () => {
    const target = online.score(block, { ...HOW, spec: { model: "ExtraTreesClassifier", n_estimators: 3 } });
    const whole = await streamed(target);
    expect(await streamed(target)).toEqual(whole);
    expect(await streamed(target, BLOCKS, 2)).not.toEqual(whole); // models are seeded by session, node and batch
    const graph = createGraph({ seed: 1 });
    const first = graph.stream(target, { source: BLOCKS });
    for (let i = 0; i < 3; i++) await first.next();
    const state = first.state();
    await first.return();
    const rest: ScoreSoFar[] = [];
    const second = createGraph({ seed: 1 }).stream(target, { source: BLOCKS.slice(3), state });
    for await (const value of second) rest.push(value);
    expect(rest).toEqual(whole.slice(3));
  });

  test("numbers too", async () => {
    const blocks = cut(select(rowsOfTwoClasses(600, 4), ["a", "b", "z"]), 3);
    const found = await streamed(
      online.score(block, { spec: { model: "LinearRegression" }, y: "z", metrics: ["r2", "rmse"] }),
      blocks,
    );
    expect(found.at(-1)!.metrics[0]).toBeGreaterThan(0.98);
  });

  test("blocks of one class have no AUC yet; bad input ends the stream", async () => {
    const flat = [1, 2].map((from) => tableFromArrays({ a: Float64Array.of(from, 5), y: Int32Array.of(0, 0) }));
    const found = await streamed(online.score(block, HOW), flat);
    expect(found[1]!.metrics).toEqual([null, 1]);
    expect((await failure(() => streamed(online.score(block, { ...HOW, keep: 0 })))).code).toBe("GVM5010");
  });
});
