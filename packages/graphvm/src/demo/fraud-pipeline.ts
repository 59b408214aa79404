// The program of `graphvm demo fraud`: what is declared here is loaded into the cluster, recorded and replayed.

import type { Table } from "apache-arrow";
import { mr, namespace, partial, type Ref, rule, shuffler } from "graphvm";
import { ds, type ExtraTreesSpec, ml } from "graphvm/ml";

/** How training rows are drawn: the same fraction of each class, or every fraud and a fraction of the rest. */
export type Sampling = "downsample" | "undersample";

/** What varies between runs of the pipeline. */
export interface FraudSettings {
  readonly sampling: Sampling;
  /** The fraction of rows that is kept. */
  readonly fraction: number;
  /** How many pipes the map-reduce shuffles into. */
  readonly pipes: number;
  readonly forest: ExtraTreesSpec;
}

/** What a model may see (names of accounts are left out), and what it has to find. */
const COLUMNS = [
  "step",
  "type",
  "amount",
  "oldbalanceOrg",
  "newbalanceOrig",
  "oldbalanceDest",
  "newbalanceDest",
  "isFraud",
] as const;
const TARGET = "isFraud";

/** Fraud detection in batches: a forest for each training block, bagged over every test block by map-reduce. */
export const fraud = namespace("fraud", {
  /** A block without the columns that would give a customer away. */
  prepared: rule((block: Ref<Table>): Ref<Table> => ds.select(block, COLUMNS)),

  /** A training block, thinned out. */
  sampled: rule((block: Ref<Table>, { sampling, fraction }: FraudSettings): Ref<Table> => {
    const rows = fraud.prepared(block);
    return sampling === "undersample" ? ml.undersample(rows, TARGET, fraction) : ml.downsample(rows, TARGET, fraction);
  }),

  /** Area under the ROC curve over all test blocks, each scored by the forests of all training blocks. */
  auc: rule((trains: readonly Ref<Table>[], tests: readonly Ref<Table>[], settings: FraudSettings): Ref<number> => {
    const samples = trains.map((block) => fraud.sampled(block, settings));
    const scores = mr.mapReduce(
      tests.map((block) => fraud.prepared(block)),
      partial(ml.batchPred, settings.forest, TARGET, samples),
      shuffler(settings.pipes),
      ml.bagScores,
    );
    return ml.scoreBatches(scores);
  }),
});

/** Where the graph is cut into jobs: a forest, a scored test block and a pipe are a job each. */
export const CUT = ["ml.train", "mr.splitByKey", "ml.bagScores"] as const;
