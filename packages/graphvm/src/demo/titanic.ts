import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Table } from "apache-arrow";
import { connect, file, type RecordingOptions, type Session, startMaster } from "graphvm";
import { FileMissingError, generateTitanic } from "graphvm/ml";
import { type DemoEvents, folderOf, replayDemo, secondsSince } from "./demo-cluster.js";
import type { DemoRun } from "./run-text.js";

/** How the demo runs. */
export interface TitanicOptions {
  /** A passenger list with the columns of the well-known one; without it, one is made up. */
  readonly data?: string;
  readonly rows: number;
  readonly workers: number;
  readonly seed: number;
  /** Where the recording goes; the data is kept beside it. */
  readonly record: string;
  readonly force: boolean;
  readonly recording?: RecordingOptions;
}

/** A row of one of the demo's tables. */
export type Row = { readonly [column: string]: string | number | boolean | null };

/** What the demo found. */
export interface TitanicResult extends DemoRun {
  readonly data: "given" | "generated";
  readonly rows: number;
  readonly summary: readonly Row[];
  /** `model`, `sample`, `gini`, `accuracy`. */
  readonly models: readonly Row[];
  /** `trial`, the options, `gini_in`, `gini_out`: means of the folds. */
  readonly grid: readonly Row[];
  /** The best point of the grid, and what its model is worth on the rows of the other models. */
  readonly tuned: {
    readonly trial: number;
    readonly spec: object;
    readonly giniOfFolds: number;
    readonly giniIn: number;
    readonly giniOut: number;
  };
  /** The model with the greatest Gini out of sample. */
  readonly best: { readonly model: string; readonly gini: number };
}

/** What the tuned model is called among the others. */
export const TUNED = "tuned boosting";

/** Prepares a passenger list, compares seven models, searches for a better one; records all of it and replays it. */
export async function runTitanic(options: TitanicOptions, events: DemoEvents): Promise<TitanicResult> {
  const start = performance.now();
  const folder = folderOf(options.record);
  mkdirSync(folder, { recursive: true });
  const name = await keepData(folder, options, events);
  const master = await startMaster({ port: 0, workers: options.workers, seed: options.seed, root: folder });
  let made: Omit<TitanicResult, "seconds" | "replay">;
  try {
    const session = await connect(master.url);
    made = await record(session, name, options, events);
    await session.close();
  } finally {
    await master.close();
  }
  const replay = await replayDemo(options.record, options.workers, events);
  return { ...made, seconds: secondsSince(start), replay };
}

/** Puts the data beside the recording, under a name that says what it is; gives the name. */
async function keepData(folder: string, options: TitanicOptions, events: DemoEvents): Promise<string> {
  if (options.data === undefined) {
    const { rows, seed } = options;
    events.step(`generate   ${rows} passengers like those of the Titanic (--data FILE takes your own list)`);
    const name = `titanic-${rows}-seed${seed}.csv`;
    writeFileSync(join(folder, name), generateTitanic({ rows, seed }));
    return name;
  }
  const bytes = await readFile(options.data).catch((cause: unknown) => {
    throw new FileMissingError(`${options.data} can't be read: name a CSV file.`, { file: options.data }, { cause });
  });
  events.step(`read       ${options.data}`);
  const name = `titanic-${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}.csv`;
  writeFileSync(join(folder, name), bytes);
  return name;
}

async function record(
  session: Session,
  name: string,
  options: TitanicOptions,
  events: DemoEvents,
): Promise<Omit<TitanicResult, "seconds" | "replay">> {
  await session.setRecording(true, options.recording);
  const program = fileURLToPath(new URL("./titanic-pipeline.js", import.meta.url));
  const { titanic, CUT, AXES, MODELS } = await session.load<typeof import("./titanic-pipeline.js")>(program);
  const list = file(name);
  const roots = {
    summary: titanic.summary(list),
    models: titanic.metrics(list),
    grid: titanic.grid(list),
    best: titanic.best(list),
    in: titanic.tuned(list, "in"),
    out: titanic.tuned(list, "out"),
  };
  const points = Object.values(AXES).reduce((count, values) => count * values.length, 1);
  events.step(
    `prepare    gaps filled, features by formulae, one column a category; 2/3 to learn from, 1/3 to judge by`,
  );
  events.step(`train      ${Object.keys(MODELS).length} models, and a grid of ${points} points on 5 folds`);
  const jobs = await session.jobDeps(Object.values(roots), { cut: CUT });
  events.step(`distribute ${jobs.nodes} nodes as ${jobs.list.length} jobs to ${options.workers} workers`);
  await session.dispatchJobs(jobs);
  await session.wait({ onProgress: (progress) => events.progress(progress) });
  const models = rowsOf(await session.getData(roots.models));
  const { trial, spec, out } = await session.getData(roots.best);
  const [tunedIn, tunedOut] = [await session.getData(roots.in), await session.getData(roots.out)];
  const tuned = { trial, spec, giniOfFolds: out[0]!, giniIn: tunedIn[0]!, giniOut: tunedOut[0]! };
  const summary = rowsOf(await session.getData(roots.summary));
  const grid = rowsOf(await session.getData(roots.grid));
  const recording = await session.getRecording();
  await recording.save(options.record, { force: options.force });
  return {
    data: options.data === undefined ? "generated" : "given",
    rows: Number(summary[0]?.rows ?? 0),
    summary,
    models,
    grid,
    tuned,
    best: bestOf(models, tuned.giniOut),
    jobs: jobs.list.length,
    nodes: jobs.nodes,
    recording: { path: options.record, bytes: recording.size, calls: recording.calls },
  };
}

function bestOf(models: readonly Row[], tuned: number): { model: string; gini: number } {
  const out = models.filter(({ sample }) => sample === "out");
  const all = [
    ...out.map(({ model, gini }) => ({ model: String(model), gini: Number(gini) })),
    { model: TUNED, gini: tuned },
  ];
  return all.reduce((best, each) => (each.gini > best.gini ? each : best));
}

function rowsOf(table: Table): Row[] {
  return table.toArray().map((row) => row.toJSON() as Row);
}
