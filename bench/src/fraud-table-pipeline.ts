// The program of the fraud table: the pipelines of one table, loaded into the cluster for those that are distributed.

import { aucOfParts, ds, type ExtraTreesSpec, type KeyedScores, ml, type ScoredRows, scoredRows } from "@graphvm/ml";
import { apply, mr, namespace, type Op, partial, type Ref, rule, shuffler } from "@graphvm/rules";
import type { Table } from "apache-arrow";

/** What a model learns from: every row, a part of each class, or every fraud and a part of the rest. */
export type Sampling = "all rows" | "downsample" | "undersample";

/** How models are made and asked. */
export type Pipeline = "one model" | "bagged" | "doubly batched";

/** Blocks of rows, to learn from and to judge by. */
export interface Blocks {
  readonly trains: readonly Ref<Table>[];
  readonly tests: readonly Ref<Table>[];
}

/** What a model may see (names of accounts are left out), and what it has to find. */
export const COLUMNS = [
  "step",
  "type",
  "amount",
  "oldbalanceOrg",
  "newbalanceOrig",
  "oldbalanceDest",
  "newbalanceDest",
  "isFraud",
] as const;
export const TARGET = "isFraud";
export const FOREST: ExtraTreesSpec = { model: "ExtraTreesClassifier", n_estimators: 10, min_samples_leaf: 10 };

const FRACTION = 0.05;
const PIPES = 4;

/** Where the graph is cut into jobs. */
export const CUT = ["ml.train", "mr.splitByKey", "ml.bagScores"] as const;

/** Fraud detection in the ways that are compared. */
export const fraudTable = namespace("fraudTable", {
  /** A block without the columns that would give a customer away. */
  prepared: rule((block: Ref<Table>): Ref<Table> => ds.select(block, COLUMNS)),

  /** Training rows, thinned out. */
  sampled: rule((rows: Ref<Table>, sampling: Sampling): Ref<Table> => {
    if (sampling === "all rows") return rows;
    return sampling === "downsample" ? ml.downsample(rows, TARGET, FRACTION) : ml.undersample(rows, TARGET, FRACTION);
  }),

  /** The test rows in one piece. */
  test: rule(({ tests }: Blocks): Ref<Table> => ds.concat(tests.map((block) => fraudTable.prepared(block)))),

  /** Scores of the test rows, in parts. */
  scores: rule((pipeline: Pipeline, blocks: Blocks, sampling: Sampling): Op<readonly ScoredRows[]> => {
    const trains = trainingTables(pipeline, blocks, sampling);
    if (pipeline === "doubly batched") {
      const mapper = partial(ml.batchPred, FOREST, TARGET, trains);
      const tests = blocks.tests.map((block) => fraudTable.prepared(block));
      return apply((pipes: readonly KeyedScores[]) => pipes.flatMap((pipe) => pipe.map(([, rows]) => rows)))(
        mr.mapReduce(tests, mapper, shuffler(PIPES), ml.bagScores),
      );
    }
    const models = trains.map((rows) => ml.train(rows, TARGET, FOREST));
    const test = fraudTable.test(blocks);
    return apply((predicted: Parameters<typeof scoredRows>[0], table: Table) => [
      scoredRows(predicted, table, "isFraud"),
    ])(ml.classifyProb(models, test), test);
  }),

  /** Area under their ROC curve. */
  auc: rule(
    (pipeline: Pipeline, blocks: Blocks, sampling: Sampling): Op<number> =>
      apply(aucOfParts)(fraudTable.scores(pipeline, blocks, sampling)),
  ),
});

/** The tables that models are trained on: one of all blocks, or one a block. */
export function trainingTables(pipeline: Pipeline, { trains }: Blocks, sampling: Sampling): readonly Ref<Table>[] {
  const prepared = trains.map((block) => fraudTable.prepared(block));
  const tables = pipeline === "one model" ? [ds.concat(prepared)] : prepared;
  return tables.map((rows) => fraudTable.sampled(rows, sampling));
}
