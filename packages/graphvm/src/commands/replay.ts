import { dirname, resolve } from "node:path";
import { type ReplayReport, readRecording, readSource, replayRecording } from "@graphvm/cluster";
import { parsePlace } from "@graphvm/cluster/internal";
import { Command } from "commander";
import { connectTo, DEFAULT_WORKERS } from "../cli/cluster.js";
import { agreeToRun } from "../cli/consent.js";
import type { Context } from "../cli/context.js";
import { type MasterFlags, mapping, masterOptions, wholeNumber } from "../cli/options.js";
import { countText, plain } from "../cli/text.js";
import { UsageError } from "../errors.js";
import { progressBar } from "../progress.js";

interface ReplayFlags extends MasterFlags {
  readonly workers?: number;
  readonly yes?: boolean;
  readonly root?: string;
  readonly input?: { readonly [uri: string]: string };
}

export function replayCommand(context: Context): Command {
  const command = new Command("replay")
    .description("run a recording again on a fresh cluster and compare every job's bytes")
    .argument("<source>", "out.gvr or s3://bucket/key")
    .option("--workers <n>", `worker threads of the fresh cluster (default: ${DEFAULT_WORKERS})`, wholeNumber(1))
    .option("--yes", "run the recorded code without asking")
    .option("--root <dir>", "where relative inputs are looked for (default: beside the recording, then here)")
    .option("--input <old=new>", "an input that lies elsewhere now", mapping);
  return masterOptions(command)
    .addHelpText("after", "\nExample:\n  graphvm replay out.gvr --workers 4 --input data.csv=/mnt/data.csv")
    .action(async (source: string, flags: ReplayFlags) => {
      process.exitCode = await replay(source, flags, context);
    });
}

/** `graphvm replay`: proves a recording; 0 where every byte is the same, 3 where not. */
export async function replay(source: string, flags: ReplayFlags, context: Context): Promise<number> {
  context.guardStdout();
  if (flags.master !== undefined && flags.workers !== undefined) {
    throw new UsageError("--workers is for a cluster started here: leave it or --master out.", {});
  }
  const bytes = await readSource(source);
  const recording = await readRecording(bytes);
  if (!flags.yes) await agreeToRun(source, recording, context);
  const bar = progressBar(context.stderr);
  const session = flags.master === undefined ? undefined : await connectTo(flags, context);
  let report: ReplayReport;
  try {
    // the bytes that were shown are the bytes that run: the source is not read again
    report = await replayRecording(session ?? { workers: flags.workers ?? DEFAULT_WORKERS }, bytes, {
      root: flags.root ?? defaultRoots(source),
      onProgress: bar.update,
      ...(flags.input === undefined ? {} : { inputs: flags.input }),
    });
  } finally {
    bar.done();
    await session?.close();
  }
  const { header, ...found } = report;
  for (const warning of found.warnings) context.note(`warning: ${plain(warning)}`);
  context.answer({ source, ...found }, reportText(report));
  return report.verdict === "equal" ? 0 : 3;
}

function defaultRoots(source: string): string[] {
  const place = parsePlace(source);
  return place.kind === "file" ? [dirname(resolve(place.path)), process.cwd()] : [process.cwd()];
}

function reportText(report: ReplayReport): string {
  const { verdict, compared, equal, diverged, calls, workers, seconds, first } = report;
  const on = workers === 0 ? "" : ` on ${countText(workers, "worker")}`;
  const work = `${countText(calls, "call")} run again${on} in ${seconds.toFixed(1)} s`;
  if (verdict === "equal") return `EQUAL: ${equal} of ${countText(compared, "digest")} equal; ${work}.`;
  const lines = [`DIVERGED: ${equal} of ${countText(compared, "digest")} equal, ${diverged} diverged; ${work}.`];
  if (first) {
    lines.push(`first:    ${plain(first.message)}`, `cause:    ${first.cause}`);
    if (first.recorded !== undefined) lines.push(`recorded: ${first.recorded}`);
    if (first.replayed !== undefined) lines.push(`replayed: ${first.replayed}`);
  }
  return lines.join("\n");
}
