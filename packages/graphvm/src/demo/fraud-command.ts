import { Command, Option } from "commander";
import type { Context } from "../cli/context.js";
import { type FabricFlags, fabricOf, fabricOptions } from "../cli/fabric.js";
import { commonOptions, recordingOptions, recordOptions, wholeNumber } from "../cli/options.js";
import { type DemoFlags, demoEvents, demoPlace, localFile } from "./demo-command.js";
import type { FraudOptions, FraudResult } from "./fraud.js";
import { runText } from "./run-text.js";

interface Flags extends DemoFlags, FabricFlags {
  readonly rows: number;
  readonly workers: number;
  readonly sampling: FraudOptions["sampling"];
  readonly seed: number;
  readonly websocket: boolean;
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
  return commonOptions(fabricOptions(recordOptions(command)))
    .addHelpText(
      "after",
      [
        "",
        "Examples:",
        "  graphvm demo fraud --rows 200000 --workers 2 --record out.gvr",
        "  graphvm demo fraud --fabric nats://127.0.0.1:4222 --cluster demo",
      ].join("\n"),
    )
    .action((flags: Flags) => run(flags, context));
}

async function run(flags: Flags, context: Context): Promise<void> {
  const { fabric, fabricCreds, cluster, ...rest } = flags;
  const meeting = fabricOf({ fabric, fabricCreds, cluster } as FabricFlags);
  const record = demoPlace(flags, "fraud");
  const { events, done } = demoEvents(context);
  // tables and models load when they are needed: no other command waits for them
  const { runFraud } = await import("./fraud.js");
  const result = await runFraud(
    { ...rest, ...(meeting && { fabric: meeting }), record, recording: recordingOptions(flags) },
    events,
  );
  done();
  context.answer(result, describe(result));
  if (result.replay.verdict !== "equal") process.exitCode = 3;
}

function describe(result: FraudResult): string {
  const { rows, auc } = result;
  return [
    "",
    `  AUC        ${auc.toFixed(4)} on ${rows.toLocaleString("en-US")} transactions (${auc})`,
    ...runText(result),
  ].join("\n");
}
