import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  connect,
  connectWorker,
  type FabricOptions,
  type RecordingOptions,
  replayRecording,
  type Session,
  startMaster,
} from "graphvm";
import { type DemoEvents, folderOf, secondsSince } from "./demo-cluster.js";
import { FILE, keepRegions, type PlaneData, VOLUME } from "./regions-data.js";
import { DATA, OUTSIDE } from "./regions-names.js";
import type { Forecast } from "./regions-pipeline.js";
import type { DemoRun } from "./run-text.js";

/** How the demo runs. */
export interface RegionsOptions {
  /** A folder with CCGT.csv, WIND.csv and NPSHYD.csv; without it, data of that shape is made up. */
  readonly data?: string;
  /** Days to make up. */
  readonly days: number;
  readonly seed: number;
  /** Where the recording goes; the planes' volumes are folders beside it. */
  readonly record: string;
  readonly force: boolean;
  readonly recording?: RecordingOptions;
  /** NATS servers on which the cluster meets, and those of single planes: leaf nodes. Default: sockets. */
  readonly fabric?: FabricOptions;
  readonly leaves?: { readonly [plane: string]: FabricOptions };
}

/** What a plane has, and what left it. */
export interface PlaneReport {
  readonly plane: string;
  /** Bytes of measurements in its volume. */
  readonly data: number;
  /** Values that rules let out, and their bytes. */
  readonly values: number;
  readonly exported: number;
}

/** What the demo found. */
export interface RegionsResult extends DemoRun {
  readonly data: "given" | "generated";
  readonly planes: readonly PlaneReport[];
  readonly forecast: Forecast;
}

/** Three planes with data of their own, a forecast outside of them of what they let out; recorded and replayed. */
export async function runRegions(options: RegionsOptions, events: DemoEvents): Promise<RegionsResult> {
  const start = performance.now();
  const folder = folderOf(options.record);
  mkdirSync(folder, { recursive: true });
  events.step(options.data === undefined ? `generate   ${options.days} days` : `read       ${options.data}`);
  const planes = keepRegions(join(folder, "regions"), options);
  const made = await onPlanes(planes, options, async (session) => {
    events.step(`planes     ${planes.map(({ plane }) => plane).join(", ")}: a worker each, with its volume`);
    return record(session, planes, options, events);
  });
  events.step("replay     on a fresh cluster of 2 workers, told where the volumes are");
  const inputs = Object.fromEntries(planes.map(({ plane, volume }) => [`${plane}:${DATA}`, join(volume, FILE)]));
  const { verdict, level, compared, equal, diverged, workers } = await replayRecording({ workers: 2 }, options.record, {
    inputs,
  });
  return { ...made, seconds: secondsSince(start), replay: { verdict, level, compared, equal, diverged, workers } };
}

/** A master, and a worker in each plane that has its volume, for as long as the work takes. */
async function onPlanes<T>(
  planes: readonly PlaneData[],
  { fabric, leaves = {}, seed }: RegionsOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const open: { close(): Promise<void> }[] = [];
  const opened = <R extends { close(): Promise<void> }>(resource: R): R => {
    open.unshift(resource);
    return resource;
  };
  try {
    const master = opened(
      await startMaster({ workers: 1, labels: OUTSIDE, seed, ...(fabric ? { fabric } : { port: 0 }) }),
    );
    for (const { plane, volume } of planes) {
      const place = fabric ? { fabric: leaves[plane] ?? fabric } : { master: master.url };
      opened(await connectWorker({ ...place, labels: { plane }, volumes: { [VOLUME]: volume } }));
    }
    return await work(opened(await connect(fabric ? { fabric } : master.url)));
  } finally {
    for (const resource of open) await resource.close();
  }
}

async function record(
  session: Session,
  planes: readonly PlaneData[],
  options: RegionsOptions,
  events: DemoEvents,
): Promise<Omit<RegionsResult, "seconds" | "replay">> {
  await session.setRecording(true, options.recording);
  const program = fileURLToPath(new URL("./regions-pipeline.js", import.meta.url));
  const { regions } = await session.load<typeof import("./regions-pipeline.js")>(program);
  const jobs = await session.jobDeps([regions.forecast()]);
  events.step(`distribute ${jobs.nodes} nodes as ${jobs.list.length} jobs; what a plane lets out is a job's value`);
  await session.dispatchJobs(jobs);
  await session.wait({ onProgress: (progress) => events.progress(progress) });
  const forecast = await session.getData(regions.forecast());
  const { exports } = await session.look();
  const recording = await session.getRecording();
  await recording.save(options.record, { force: options.force });
  return {
    data: options.data === undefined ? "generated" : "given",
    planes: planes.map(({ plane, bytes }) => {
      const { values = 0, bytes: exported = 0 } = exports[plane] ?? {};
      return { plane, data: bytes, values, exported };
    }),
    forecast,
    jobs: jobs.list.length,
    nodes: jobs.nodes,
    recording: { path: options.record, bytes: recording.size, calls: recording.calls },
  };
}
