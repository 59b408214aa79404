import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Progress, type ReplayReport, replayRecording } from "graphvm";

/** What a demo says while it runs. */
export interface DemoEvents {
  step(text: string): void;
  progress(progress: Progress): void;
}

/** What a replay of a demo's recording came to. */
export type DemoReplay = Pick<ReplayReport, "verdict" | "level" | "compared" | "equal" | "diverged" | "workers">;

/** Replays a demo's recording on a fresh cluster of another size than the one that made it. */
export async function replayDemo(path: string, workers: number, events: DemoEvents): Promise<DemoReplay> {
  const others = workers === 2 ? 3 : 2;
  events.step(`replay     on a fresh cluster of ${others} workers`);
  const report = await replayRecording({ workers: others }, path, {
    onProgress: (p) => events.progress(p as Progress),
  });
  const { verdict, level, compared, equal, diverged } = report;
  return { verdict, level, compared, equal, diverged, workers: report.workers };
}

/** Seconds since a moment of `performance.now()`, to the hundredth. */
export function secondsSince(start: number): number {
  return Math.round((performance.now() - start) / 10) / 100;
}

/** The folder that a recording lies in. */
export function folderOf(recording: string): string {
  return dirname(resolve(recording));
}

/** Where a recording goes that was given no place: the first free number. */
export function nextRecording(folder: string, demo: string): string {
  for (let number = 1; ; number++) {
    const path = join(folder, `${demo}-${String(number).padStart(3, "0")}.gvr`);
    if (!existsSync(path)) return path;
  }
}
