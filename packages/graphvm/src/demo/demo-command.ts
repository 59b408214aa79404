import { existsSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { KeyExistsError } from "graphvm";
import { barOptions, type Context } from "../cli/context.js";
import type { RecordFlags } from "../cli/options.js";
import { progressBar } from "../progress.js";
import { type DemoEvents, nextRecording } from "./demo-cluster.js";

/** Where recordings of demos go that name no place. */
const RUNS = "graphvm-runs";

/** Flags that every demo has. */
export interface DemoFlags extends RecordFlags {
  readonly record?: string;
  readonly force: boolean;
}

/**
 * Where a demo's recording goes.
 *
 * @throws KeyExistsError if there is one and it is not to be replaced
 */
export function demoPlace({ record, force }: DemoFlags, demo: string): string {
  if (record !== undefined && !force && existsSync(record)) {
    throw new KeyExistsError(`${record} is there already: name another file, or replace it with --force.`, {
      path: record,
    });
  }
  return record ?? nextRecording(RUNS, demo);
}

/** Shows a demo's steps and how far its jobs are; `done` wipes the bar. */
export function demoEvents(context: Context): { events: DemoEvents; done: () => void } {
  const bar = progressBar(context.stderr, barOptions(context));
  const events: DemoEvents = {
    step: (text) => {
      bar.done();
      context.note(text);
    },
    progress: (progress) => bar.update(progress),
  };
  return { events, done: () => bar.done() };
}

/** A path in this machine's file system, as an option's value. */
export function localFile(path: string): string {
  if (/^[a-z0-9]+:\/\//i.test(path))
    throw new InvalidArgumentError("name a file: the demo keeps its data beside the recording");
  return path;
}
