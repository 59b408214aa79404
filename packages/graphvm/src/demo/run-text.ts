import { relative } from "node:path";
import { comparedText } from "../recorded/replay-text.js";
import type { DemoReplay } from "./demo-cluster.js";

/** What every demo says of its run in the end. */
export interface DemoRun {
  readonly nodes: number;
  readonly jobs: number;
  readonly seconds: number;
  readonly recording: { readonly path: string; readonly bytes: number; readonly calls: number };
  readonly replay: DemoReplay;
}

/** The last lines of a demo's answer: its graph, its recording, the replay, and how to do that again: with these flags. */
export function runText({ nodes, jobs, seconds, recording, replay }: DemoRun, flags = ""): string[] {
  const path = relative(process.cwd(), recording.path) || recording.path;
  return [
    `  graph      ${nodes} nodes in ${jobs} jobs`,
    `  recording  ${path} (${recording.calls} calls, ${(recording.bytes / 1024).toFixed(1)} KB)`,
    `  replay     ${replay.verdict.toUpperCase()}: ${comparedText(replay)} on ${replay.workers} fresh workers`,
    `  time       ${seconds.toFixed(1)} s`,
    "",
    `  again:     npx graphvm replay ${path}${flags}`,
    "",
  ];
}
