import type { Session } from "@graphvm/cluster";
import { Command } from "commander";
import { connectTo } from "../cli/cluster.js";
import type { Context } from "../cli/context.js";
import { type MasterFlags, masterOptions } from "../cli/options.js";
import { bytesText, countText, plain, tableText } from "../cli/text.js";

export function statusCommand(context: Context): Command {
  return masterOptions(new Command("status").description("show a master's workers, programs and jobs"))
    .addHelpText("after", "\nExample:\n  graphvm status --json")
    .action((flags: MasterFlags) => status(flags, context));
}

/** `graphvm status`: what a master is doing. */
export async function status(flags: MasterFlags, context: Context): Promise<void> {
  const session = await connectTo(flags, context);
  try {
    const found = await session.status();
    context.answer({ url: session.url, ...found }, statusText(session.url, found));
  } finally {
    await session.close();
  }
}

function statusText(url: string, found: Awaited<ReturnType<Session["status"]>>): string {
  const { version, seed, workers, programs, jobs, bytes, recording } = found;
  const recorded = recording.on ? `on, ${countText(recording.calls, "call")}` : "off";
  return [
    `graphvm ${version} master at ${url}`,
    `jobs       ${jobs.done} of ${jobs.total} done, ${jobs.running} running, ${jobs.failed} failed`,
    `values     ${bytesText(bytes)}`,
    `recording  ${recorded}`,
    `seed       ${seed}`,
    `programs   ${programs.map(({ name, hash }) => `${plain(name)} ${hash.slice(0, 12)}`).join(", ") || "none"}`,
    ...Object.entries(found.planes)
      .filter(([plane]) => plane !== "")
      .map(([plane, { left }]) => `plane      ${plain(plane)}: ${bytesText(left)} left it`),
    `workers    ${workers.length}`,
    tableText(
      workers.map(({ id, kind, node, labels, job, finished }) => [
        id,
        kind,
        `Node ${plain(node)}`,
        labelsLine(labels),
        `${countText(finished, "job")} done`,
        job === null ? "idle" : `runs ${job}`,
      ]),
    ),
  ]
    .filter((line) => line !== "")
    .join("\n");
}

const labelsLine = (labels: { readonly [name: string]: string }): string =>
  plain(
    Object.keys(labels)
      .sort()
      .map((name) => `${name}=${labels[name]}`)
      .join(","),
  );
