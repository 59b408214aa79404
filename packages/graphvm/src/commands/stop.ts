import { Command } from "commander";
import { connectTo } from "../cli/cluster.js";
import type { Context } from "../cli/context.js";
import { type MasterFlags, masterOptions } from "../cli/options.js";

export function stopCommand(context: Context): Command {
  return masterOptions(new Command("stop").description("end a master and all its workers"))
    .addHelpText("after", "\nExample:\n  graphvm stop --master ws://127.0.0.1:7225")
    .action((flags: MasterFlags) => stop(flags, context));
}

/** `graphvm stop`: ends a master. */
export async function stop(flags: MasterFlags, context: Context): Promise<void> {
  const session = await connectTo(flags, context);
  const { url } = session;
  try {
    await session.endCluster();
  } finally {
    await session.close();
  }
  context.answer({ stopped: url }, `the master at ${url} and its workers ended`);
}
