import { Command } from "commander";
import type { Context } from "../cli/context.js";
import { commonOptions, recordingOptions, recordOptions, wholeNumber } from "../cli/options.js";
import { type DemoFlags, demoEvents, demoPlace, localFile } from "./demo-command.js";

interface Flags extends DemoFlags {
  readonly data?: string;
  readonly rows: number;
  readonly workers: number;
  readonly seed: number;
}

/** `graphvm demo titanic`: from a list with gaps to a tuned model. */
export function titanicCommand(context: Context): Command {
  const command = new Command("titanic")
    .description("prepare a passenger list, compare seven models, search a grid on a cluster, record it, replay it")
    .option("--data <file>", "a CSV file with the columns of the well-known list (default: one is generated)")
    .option("--rows <n>", "passengers to generate", wholeNumber(60), 891)
    .option("--workers <n>", "worker threads", wholeNumber(1), 3)
    .option("--seed <n>", "seeds the data and the split", wholeNumber(0), 0)
    .option("--record <file>", "where the recording goes; the data is kept beside it", localFile)
    .option("--force", "replace a recording that is there", false);
  return commonOptions(recordOptions(command))
    .addHelpText("after", "\nExample:\n  graphvm demo titanic --data titanic.csv --workers 2 --record out.gvr")
    .action((flags: Flags) => run(flags, context));
}

async function run(flags: Flags, context: Context): Promise<void> {
  const record = demoPlace(flags, "titanic");
  const { events, done } = demoEvents(context);
  // tables and models load when they are needed: no other command waits for them
  const { runTitanic } = await import("./titanic.js");
  const { titanicText } = await import("./titanic-text.js");
  const result = await runTitanic({ ...flags, record, recording: recordingOptions(flags) }, events);
  done();
  context.answer(result, titanicText(result));
  if (result.replay.verdict !== "equal") process.exitCode = 3;
}
