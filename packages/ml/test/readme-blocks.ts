import { type ClassifierSpec, measureSummary, mergeSummaries, ml, online, type Stacking, stack } from "@graphvm/ml";
import { createGraph, type Ref, stream } from "@graphvm/rules";
import type { Table } from "apache-arrow";

const forest: ClassifierSpec = { model: "ExtraTreesClassifier", n_estimators: 10, min_samples_leaf: 10 };
const boosting: ClassifierSpec = { model: "HistGradientBoostingClassifier", max_iter: 20 };

/** Over test blocks: the AUC of a forest a training block, and of a forest and boosting a block, stacked. */
export async function overBlocks(y: string, trains: readonly Ref<Table>[], tests: readonly Ref<Table>[]) {
  const models = trains.map((block) => ml.train(block, y, forest));
  const bagged = ml.scoreBlocks({ models, tests, y }, ["auc", "logLoss"]);
  const from: Stacking<ClassifierSpec> = {
    models: { forest, boosting },
    final: { model: "LogisticRegression" },
    y,
    trains,
  };
  const stacked = tests.map((block) => ml.scoreSummary(stack.predict(from, block), block, y));
  const graph = createGraph({ seed: 1 });
  const [auc] = await graph.calc(bagged);
  return { bagged: auc!, stacked: measureSummary("auc", mergeSummaries(await graph.calc(stacked))) };
}

/** A forest for each block that comes in: the score of them all so far, on rows that they have not seen. */
export async function* learning(y: string, incoming: AsyncIterable<Table>) {
  const block = stream.source<Table>("block");
  const score = online.score(block, { spec: forest, y, metrics: ["auc"], keep: 20 });
  for await (const { rows, metrics } of createGraph({ seed: 1 }).stream(score, { source: incoming })) {
    yield { rows, auc: metrics[0] };
  }
}
