// # Finding fraud, step by step
//
// Run it with `npx graphvm run notebooks/fraud-walkthrough.ts --workers 2`. It makes its own data.

import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Table } from "apache-arrow";
import { mr, namespace, partial, type Ref, replayRecording, rule, type Session, shuffler } from "graphvm";
import { csvBlocks, ds, type ExtraTreesSpec, ml, writePaysimCsv } from "graphvm/ml";

// ## 1. Declare
//
// Rules are named functions from params to refs. None of these lines reads a byte: they say what depends on what.

const columns = [
  "step",
  "type",
  "amount",
  "oldbalanceOrg",
  "newbalanceOrig",
  "oldbalanceDest",
  "newbalanceDest",
  "isFraud",
];

export const walk = namespace("walk", {
  rows: rule((block: Ref<Table>): Ref<Table> => ds.select(block, columns)),

  // One forest on all training blocks would need all their rows in one place. A forest for each block does not.
  sample: rule((block: Ref<Table>): Ref<Table> => ml.undersample(walk.rows(block), "isFraud", 0.05)),

  // Map: score a test block with every forest. Shuffle by hashed key into 4 pipes. Reduce: average the forests' scores.
  auc: rule((trains: readonly Ref<Table>[], tests: readonly Ref<Table>[], forest: ExtraTreesSpec): Ref<number> => {
    const samples = trains.map((block) => walk.sample(block));
    const batches = tests.map((block) => walk.rows(block));
    const scored = mr.mapReduce(batches, partial(ml.batchPred, forest, "isFraud", samples), shuffler(4), ml.bagScores);
    return ml.scoreBatches(scored);
  }),
});

export async function main(session: Session): Promise<string> {
  // ## 2. Data
  //
  // 60,000 generated transactions in a CSV file, read once to find where its six blocks begin and what its columns hold.

  const folder = await mkdtemp(join(tmpdir(), "graphvm-walkthrough-"));
  const data = join(folder, "transactions.csv");
  await writePaysimCsv(data, { rows: 60_000, seed: 7 });
  const blocks = await csvBlocks(data, { blocks: 6 });

  // ## 3. Distribute
  //
  // The graph is cut into jobs at the rules named here; everything between two cuts is computed inside one job.

  await session.setRecording(true);
  const forest: ExtraTreesSpec = { model: "ExtraTreesClassifier", n_estimators: 10, min_samples_leaf: 10 };
  const root = walk.auc(blocks.slice(0, 4), blocks.slice(4), forest);
  const jobs = await session.jobDeps([root], { cut: ["ml.train", "mr.splitByKey", "ml.bagScores"] });
  await session.dispatchJobs(jobs);
  await session.wait();
  const auc = await session.getData(root);

  // Any other node can be looked at too, for example how many rows the first forest was trained on:

  const sampled = await session.getData(walk.sample(blocks[0]!));

  // ## 4. Prove
  //
  // The recording holds the code, the calls and the digest of every job. Replaying it on a fresh cluster compares them.

  const recording = await session.getRecording();
  const target = join(folder, "walkthrough.gvr");
  await recording.save(target);
  const report = await replayRecording({ workers: 1 }, target);

  return [
    `${jobs.nodes} nodes in ${jobs.list.length} jobs; the first forest saw ${sampled.numRows} rows`,
    `AUC ${auc.toFixed(4)}`,
    `replay: ${report.verdict}, ${report.equal} of ${report.compared} digests equal`,
    `recording: ${existsSync(target) ? target : "missing"}`,
  ].join("\n");
}
