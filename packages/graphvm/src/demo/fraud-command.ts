import { existsSync } from "node:fs";
import { relative } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { KeyExistsError } from "graphvm";
import { barOptions, type Context } from "../cli/context.js";
import { commonOptions, type RecordFlags, recordingOptions, recordOptions, wholeNumber } from "../cli/options.js";
import { progressBar } from "../progress.js";
import { comparedText } from "../recorded/replay-text.js";
import { type FraudOptions, type FraudResult, nextRecording, runFraud } from "./fraud.js";

/** Where recordings of demos go that name no place. */
const RUNS = "graphvm-runs";

interface Flags extends RecordFlags {
  readonly rows: number;
  readonly workers: number;
  readonly sampling: FraudOptions["sampling"];
  readonly seed: number;
  readonly websocket: boolean;
  readonly record?: string;
  readonly force: boolean;
}

/** `graphvm demo fraud`: the whole path on generated transactions. */
export function fraudCommand(context: Context): Command {
  const command = new Command("fraud")
    .description("find fraud in generated transactions on a cluster, record it, replay the recording, compare")
    .option("--rows <n>", "transactions to generate", wholeNumber(100), 1_000_000)
    .option("--workers <n>", "workers", wholeNumber(1), 3)
    .addOption(
      new Option("--sampling <how>", "keep every fraud and 5 % of the rest, or 5 % of each")
        .choices(["undersample", "downsample"])
        .default("undersample"),
    )
    .option("--seed <n>", "seeds the data, the samples and the forests", wholeNumber(0), 0)
    .option("--websocket", "workers in processes of their own instead of threads", false)
    .option("--record <file>", "where the recording goes; the data is kept beside it", localFile)
    .option("--force", "replace a recording that is there", false);
  return commonOptions(recordOptions(command))
    .addHelpText("after", "\nExample:\n  graphvm demo fraud --rows 200000 --workers 2 --record out.gvr")
    .action((flags: Flags) => run(flags, context));
}

async function run(flags: Flags, context: Context): Promise<void> {
  if (flags.record !== undefined && !flags.force && existsSync(flags.record)) {
    throw new KeyExistsError(`${flags.record} is there already: name another file, or replace it with --force.`, {
      path: flags.record,
    });
  }
  const bar = progressBar(context.stderr, barOptions(context));
  const events = {
    step: (text: string) => {
      bar.done();
      context.note(text);
    },
    progress: (progress: { total: number; done: number }) => bar.update(progress),
  };
  const result = await runFraud(
    { ...flags, record: flags.record ?? nextRecording(RUNS), recording: recordingOptions(flags) },
    events,
  );
  bar.done();
  context.answer(result, describe(result));
  if (result.replay.verdict !== "equal") process.exitCode = 3;
}

function describe({ rows, jobs, nodes, auc, seconds, recording, replay }: FraudResult): string {
  const path = relative(process.cwd(), recording.path) || recording.path;
  return [
    "",
    `  AUC        ${auc.toFixed(4)} on ${rows.toLocaleString("en-US")} transactions (${auc})`,
    `  graph      ${nodes} nodes in ${jobs} jobs`,
    `  recording  ${path} (${recording.calls} calls, ${(recording.bytes / 1024).toFixed(1)} KB)`,
    `  replay     ${replay.verdict.toUpperCase()}: ${comparedText(replay)} on ${replay.workers} fresh workers`,
    `  time       ${seconds.toFixed(1)} s`,
    "",
    `  again:     npx graphvm replay ${path}`,
    "",
  ].join("\n");
}

function localFile(path: string): string {
  if (/^[a-z0-9]+:\/\//i.test(path))
    throw new InvalidArgumentError("name a file: the demo keeps its data beside the recording");
  return path;
}
