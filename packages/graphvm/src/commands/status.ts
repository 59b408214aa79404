import type { Session } from "@graphvm/cluster";
import { Command } from "commander";
import { connectTo } from "../cli/cluster.js";
import type { Context } from "../cli/context.js";
import { type MasterFlags, masterOptions } from "../cli/options.js";
import { statusText } from "../cli/status-text.js";
import { watchScreen } from "../cli/watch-screen.js";

interface StatusFlags extends MasterFlags {
  readonly watch?: boolean;
}

/** How often `--watch` looks, in milliseconds. */
const EVERY = 1000;

export function statusCommand(context: Context): Command {
  return masterOptions(
    new Command("status")
      .description("show what a master does: jobs, values, programs, workers")
      .option("--watch", "look again every second until Ctrl-C; with --json one line of JSON each time"),
  )
    .addHelpText("after", "\nExamples:\n  graphvm status --json\n  graphvm status --watch")
    .action((flags: StatusFlags) => status(flags, context));
}

/** `graphvm status`: what a master is doing. @throws ConnectionLostError where it ends while it is watched. */
export async function status(flags: StatusFlags, context: Context): Promise<void> {
  const session = await connectTo(flags, context);
  try {
    if (flags.watch) await watch(session, context);
    else {
      const found = await session.look();
      context.answer({ url: session.url, ...found }, statusText(session.url, found));
    }
  } finally {
    await session.close();
  }
}

/** Looks until the master is gone or somebody presses Ctrl-C. */
async function watch(session: Session, context: Context): Promise<never> {
  const screen = watchScreen(context);
  context.own({ [Symbol.asyncDispose]: async () => screen.close() });
  try {
    for (;;) {
      const found = await session.look();
      screen.show({ url: session.url, ...found }, statusText(session.url, found));
      await new Promise((resolve) => setTimeout(resolve, EVERY));
    }
  } finally {
    screen.close();
  }
}
