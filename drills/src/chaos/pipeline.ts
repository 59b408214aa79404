import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect, type JobOutcome, type Session, startMaster } from "graphvm";
import { csvBlocks, writePaysimCsv } from "graphvm/ml";

/** What every run computes, whatever happens to it. */
export const SESSION = { seed: 7, epoch: 1_700_000_000_000 };

const TRAIN = 8;
const TEST = 4;

/** Generated transactions, and the folder they lie in. */
export interface Data {
  readonly folder: string;
  readonly file: string;
}

export async function makeData(folder: string, rows: number): Promise<Data> {
  const file = join(folder, `paysim-${rows}.csv`);
  await writePaysimCsv(file, { rows, seed: 1 });
  return { folder, file };
}

/** What came out of a run: the digest of every job, and the area under the curve. */
export interface Outcome {
  readonly digests: ReadonlyMap<string, string>;
  readonly auc: number;
}

/** Samples that are never copied: the forests that are made of them are computed where they lie. */
const PINNED = ["ml.downsample"] as const;

/** The fraud pipeline, from loading to its value. */
export async function runPipeline(session: Session, data: Data, pinned: boolean): Promise<Outcome> {
  const program = fileURLToPath(import.meta.resolve("graphvm").replace(/index\.js$/, "demo/fraud-pipeline.js"));
  type Pipeline = typeof import("../../../packages/graphvm/src/demo/fraud-pipeline.js");
  const { fraud, CUT } = await session.load<Pipeline>(program);
  const blocks = await csvBlocks(data.file, { blocks: TRAIN + TEST, uri: basename(data.file) });
  const root = fraud.auc(blocks.slice(0, TRAIN), blocks.slice(TRAIN), {
    sampling: "downsample",
    fraction: 0.5,
    pipes: 4,
    forest: { model: "ExtraTreesClassifier", n_estimators: 10, min_samples_leaf: 5 },
  });
  const noCopy = pinned ? PINNED : [];
  const jobs = await session.jobDeps([root], { cut: [...CUT, ...noCopy], noCopy });
  await session.dispatchJobs(jobs, { noCopy });
  const done: readonly JobOutcome[] = await session.wait();
  return { digests: new Map(done.map(({ id, digest }) => [id, digest])), auc: await session.getData<number>(root) };
}

/** The run nothing happens to. */
export async function quietRun(data: Data, pinned: boolean): Promise<Outcome> {
  await using master = await startMaster({ port: 0, workers: 2, root: data.folder, ...SESSION });
  await using session = await connect(master.url);
  return await runPipeline(session, data, pinned);
}

/** What a run gave otherwise than the quiet one; nothing where all is equal. */
export function differences(quiet: Outcome, other: Outcome): string[] {
  const found: string[] = [];
  for (const [id, digest] of quiet.digests) {
    const here = other.digests.get(id);
    if (here !== digest) found.push(`job ${id}: ${here ?? "missing"} instead of ${digest}`);
  }
  if (other.digests.size !== quiet.digests.size)
    found.push(`${other.digests.size} jobs instead of ${quiet.digests.size}`);
  if (!Object.is(other.auc, quiet.auc)) found.push(`AUC ${other.auc} instead of ${quiet.auc}`);
  return found;
}
