import { start } from "node:repl";
import type { Session } from "@graphvm/cluster";
import * as rules from "@graphvm/rules";
import { Command } from "commander";
import { type ClusterFlags, openCluster } from "../cli/cluster.js";
import type { Context } from "../cli/context.js";
import { LineFeed } from "../cli/line-feed.js";
import { clusterOptions } from "../cli/options.js";

const HELP = `A session is at hand, and the DSL: namespace, rule, dispatch, when, apply, partial, file, mr, shuffler, …
  const m = await session.load("pipeline.ts")     load a module; its exports
  await session.calc(m.main)                      plan, run, fetch
  await session.addRules("my", { twice: (x) => apply((n) => n * 2, x)() })
  const jobs = await session.jobDeps([m.main], { cut: ["ml.train"] })
  await session.dispatchJobs(jobs); await session.wait(); await session.getData(m.main)
  await session.setRecording(true); …; await (await session.getRecording()).save("out.gvr")
  await session.status(), await session.graphStats()
Tables and models: const { ds, ml } = await tables()
Lines are JavaScript; TypeScript goes into files. .help this, .exit or Ctrl-D leave.`;

export function replCommand(context: Context): Command {
  return clusterOptions(
    new Command("repl").description("an interactive session: on a cluster started for it, or with --master on another"),
  )
    .addHelpText("after", "\nExample:\n  graphvm repl --workers 3")
    .action((flags: ClusterFlags) => repl(flags, context));
}

/** `graphvm repl`: reads lines until the end of the input. */
export async function repl(flags: ClusterFlags, context: Context): Promise<void> {
  context.guardStdout();
  await openCluster(flags, context, async (session) => {
    const { url } = session;
    const { workers } = await session.status();
    context.note(`graphvm session at ${url} with ${workers.length} workers; .help tells what there is`);
    const lines = await readLines(session, context);
    context.answer({ url, lines }, "");
  });
}

/** Evaluates lines; how many there were. */
async function readLines(session: Session, context: Context): Promise<number> {
  const terminal = context.interactive;
  const output = context.json ? process.stderr : process.stdout;
  const feed = terminal ? undefined : new LineFeed(context.stdin);
  const server = start({
    prompt: terminal ? "graphvm> " : "",
    input: feed?.stream ?? context.stdin,
    output,
    terminal,
  });
  let lines = 0;
  server.on("line", () => lines++);
  server.defineCommand("help", {
    help: "what there is",
    action() {
      output.write(`${HELP}\n`);
      this.displayPrompt();
    },
  });
  const tables = () => import("../ml.js");
  Object.assign(server.context, rules, { session, tables });
  if (feed) {
    const { displayPrompt } = server;
    server.displayPrompt = (preserveCursor) => {
      displayPrompt.call(server, preserveCursor);
      void feed.next();
    };
    void feed.next();
  }
  await new Promise<void>((resolve) => server.once("exit", resolve));
  return lines;
}
