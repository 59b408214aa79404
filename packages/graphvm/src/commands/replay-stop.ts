import { start } from "node:repl";
import { differenceText, type StoppedReplay } from "@graphvm/cluster";
import type { Context } from "../cli/context.js";
import { LineFeed } from "../cli/line-feed.js";
import { jsonValue, showValue } from "../cli/show-value.js";
import { plain } from "../cli/text.js";

/** What is to be done at the node where a replay stopped. */
export interface StopFlags {
  readonly open?: boolean;
  readonly with?: string;
}

const VALUE = 200;

/** Shows the node, runs it with other code, opens a REPL: what the flags say. What `--json` tells of it. */
export async function inspectStop(stopped: StoppedReplay, flags: StopFlags, context: Context): Promise<object> {
  const told: Record<string, unknown> = { value: jsonValue(stopped.value) };
  const lines = stopText(stopped);
  if (flags.with !== undefined) {
    const { value, digest, equal, difference } = await stopped.runWith(flags.with);
    told.edited = { file: flags.with, digest, equal, value: jsonValue(value), difference };
    lines.push(`with ${flags.with}: ${equal ? "the same bytes" : "another value"} (${digest.slice(0, 16)}…)`);
    if (!equal) lines.push(...differenceText(difference).map((line) => `  ${line}`));
  }
  // with --json the one answer comes at the end
  if (!context.json) context.note(plain(lines.join("\n")));
  if (flags.open) await openRepl(stopped, context);
  return told;
}

function stopText({ label, node, digest, held, value }: StoppedReplay): string[] {
  return [
    `stopped at ${label}`,
    `  node   ${node}`,
    `  value  ${shortly(value)}  ${digest.slice(0, 16)}…`,
    ...held.map((input, i) => `  inputs[${i}]  ${input.rule}: ${shortly(input.value)}  ${input.digest.slice(0, 16)}…`),
  ];
}

function shortly(value: unknown): string {
  const text = showValue(value).replace(/\s+/g, " ");
  return text.length > VALUE ? `${text.slice(0, VALUE)}…` : text;
}

async function openRepl(stopped: StoppedReplay, context: Context): Promise<void> {
  context.note("inputs, params, value, node, await runWith(FILE.ts); .exit leaves");
  const feed = context.interactive ? undefined : new LineFeed(context.stdin);
  const server = start({
    prompt: context.interactive ? "graphvm> " : "",
    input: feed?.stream ?? context.stdin,
    output: process.stdout,
    terminal: context.interactive,
  });
  const { held, value, node, rule, label } = stopped;
  Object.assign(server.context, {
    inputs: held.map((input) => input.value),
    params: await stopped.params(),
    value,
    node: { id: node, rule, label },
    runWith: (file: string) => stopped.runWith(file),
  });
  if (feed) {
    const { displayPrompt } = server;
    server.displayPrompt = (preserveCursor) => {
      displayPrompt.call(server, preserveCursor);
      void feed.next();
    };
    void feed.next();
  }
  await new Promise<void>((done) => server.once("exit", done));
}
