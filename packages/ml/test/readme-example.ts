import { csvBlocks, ds, ml, writePaysimCsv } from "@graphvm/ml";
import { createGraph, mr, partial, shuffler } from "@graphvm/rules";

/** Trains on 8 blocks of a CSV file, tests on the other 4; returns the AUC. */
export async function fraud(path: string, rows: number): Promise<number> {
  await writePaysimCsv(path, { rows, seed: 7 });
  const columns = ["type", "amount", "oldbalanceOrg", "newbalanceOrig", "oldbalanceDest", "newbalanceDest", "isFraud"];
  const batches = (await csvBlocks(path, { blocks: 12 })).map((block) => ds.select(block, columns));
  const trains = batches.slice(0, 8).map((batch) => ml.undersample(batch, "isFraud", 0.05));
  const forest = { model: "ExtraTreesClassifier", n_estimators: 10, min_samples_leaf: 10 } as const;
  const mapper = partial(ml.batchPred, forest, "isFraud", trains);
  const auc = ml.scoreBatches(mr.mapReduce(batches.slice(8), mapper, shuffler(4), ml.bagScores));
  return createGraph({ seed: 1 }).calc(auc);
}
