import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  connect,
  type FabricOptions,
  type MasterHandle,
  type RecordingOptions,
  type Session,
  startMaster,
} from "graphvm";
import { csvBlocks, writePaysimCsv } from "graphvm/ml";
import { type DemoEvents, folderOf, replayDemo, secondsSince } from "./demo-cluster.js";
import type { Sampling } from "./fraud-pipeline.js";
import type { DemoRun } from "./run-text.js";

/** How the demo runs. */
export interface FraudOptions {
  readonly rows: number;
  readonly workers: number;
  readonly sampling: Sampling;
  readonly seed: number;
  /** Workers in processes of their own, over WebSocket, instead of threads. */
  readonly websocket: boolean;
  /** Master and worker processes meet on NATS instead. */
  readonly fabric?: FabricOptions;
  /** Where the recording goes; the data is kept beside it. */
  readonly record: string;
  readonly force: boolean;
  /** What the recording keeps. */
  readonly recording?: RecordingOptions;
}

/** What the demo found. */
export interface FraudResult extends DemoRun {
  readonly rows: number;
  readonly trainBatches: number;
  readonly testBatches: number;
  readonly auc: number;
}

const TRAIN_BATCHES = 8;
const TEST_BATCHES = 4;

/** Generates transactions, finds fraud in them on a cluster, records it and replays the recording on another cluster. */
export async function runFraud(options: FraudOptions, events: DemoEvents): Promise<FraudResult> {
  const start = performance.now();
  const folder = folderOf(options.record);
  mkdirSync(folder, { recursive: true });
  events.step(`generate   ${options.rows.toLocaleString("en-US")} PaySim-like transactions`);
  const data = await generate(folder, options);
  const { fabric, seed } = options;
  const apart = options.websocket || fabric !== undefined;
  const master = await startMaster({
    port: 0,
    workers: apart ? 0 : options.workers,
    seed,
    root: folder,
    ...(fabric && { fabric }),
  });
  const way = fabric ? fabricFlags(fabric) : ["--master", master.url];
  const processes = apart ? await startProcesses(master, way, options.workers) : [];
  let made: Omit<FraudResult, "seconds" | "replay">;
  try {
    const session = await (fabric ? connect({ fabric }) : connect(master.url));
    made = await record(session, data, options, events);
    // what the cluster kept on NATS goes with its session
    if (fabric) await session.endCluster();
    await session.close();
  } finally {
    await master.close();
    await ended(processes);
  }
  const replay = await replayDemo(options.record, options.workers, events);
  return { ...made, seconds: secondsSince(start), replay };
}

async function record(
  session: Session,
  data: string,
  options: FraudOptions,
  events: DemoEvents,
): Promise<Omit<FraudResult, "seconds" | "replay">> {
  await session.setRecording(true, options.recording);
  const program = fileURLToPath(new URL("./fraud-pipeline.js", import.meta.url));
  const { fraud, CUT } = await session.load<typeof import("./fraud-pipeline.js")>(program);
  events.step(`batch      ${TRAIN_BATCHES} training blocks, ${TEST_BATCHES} test blocks`);
  const blocks = await csvBlocks(data, { blocks: TRAIN_BATCHES + TEST_BATCHES, uri: basename(data) });
  const root = fraud.auc(blocks.slice(0, TRAIN_BATCHES), blocks.slice(TRAIN_BATCHES), {
    sampling: options.sampling,
    fraction: 0.05,
    pipes: 4,
    forest: { model: "ExtraTreesClassifier", n_estimators: 10, min_samples_leaf: 10 },
  });
  const jobs = await session.jobDeps([root], { cut: CUT });
  events.step(`distribute ${jobs.nodes} nodes as ${jobs.list.length} jobs to ${options.workers} workers`);
  await session.dispatchJobs(jobs);
  await session.wait({ onProgress: (progress) => events.progress(progress) });
  const auc = await session.getData(root);
  const recording = await session.getRecording();
  await recording.save(options.record, { force: options.force });
  return {
    rows: options.rows,
    trainBatches: TRAIN_BATCHES,
    testBatches: TEST_BATCHES,
    jobs: jobs.list.length,
    nodes: jobs.nodes,
    auc,
    recording: { path: options.record, bytes: recording.size, calls: recording.calls },
  };
}

/** Writes the data beside the recording. What is there under that name is replaced: it is made from rows and seed alone. */
async function generate(folder: string, { rows, seed }: FraudOptions): Promise<string> {
  const path = join(folder, `paysim-${rows}-seed${seed}.csv`);
  await writePaysimCsv(path, { rows, seed });
  return path;
}

function fabricFlags({ servers, cluster, credsFile }: FabricOptions): string[] {
  return [
    ...["--fabric", typeof servers === "string" ? servers : servers.join(",")],
    ...(cluster === undefined ? [] : ["--cluster", cluster]),
    ...(credsFile === undefined ? [] : ["--fabric-creds", credsFile]),
  ];
}

async function startProcesses(master: MasterHandle, way: readonly string[], count: number): Promise<ChildProcess[]> {
  const bin = fileURLToPath(new URL("../../bin/graphvm.js", import.meta.url));
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, [bin, "start-worker", ...way], { stdio: ["ignore", "ignore", "inherit"] }),
  );
  const session = await connect(master.url);
  try {
    while ((await session.status()).workers.length < count) {
      if (children.some((child) => child.exitCode !== null)) throw new Error("a worker process ended before it joined");
      await new Promise((done) => setTimeout(done, 20));
    }
  } finally {
    await session.close();
  }
  return children;
}

async function ended(processes: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    processes.map((child) => (child.exitCode !== null ? undefined : new Promise((done) => child.once("exit", done)))),
  );
}
