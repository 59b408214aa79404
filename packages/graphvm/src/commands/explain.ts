import type { Session } from "@graphvm/cluster";
import { Command } from "commander";
import { connectTo } from "../cli/cluster.js";
import type { Context } from "../cli/context.js";
import { type MasterFlags, masterOptions } from "../cli/options.js";
import { countText, plain } from "../cli/text.js";

export function explainCommand(context: Context): Command {
  const command = new Command("explain")
    .description("tell the story of a job: why on this worker, why then, why again")
    .argument("<job>", "how its id begins, its label, or its rule");
  return masterOptions(command)
    .addHelpText("after", "\nExamples:\n  graphvm explain 3f9a\n  graphvm explain words.count --json")
    .action((job: string, flags: MasterFlags) => explain(job, flags, context));
}

/** `graphvm explain`: what happened to a job, with reasons. */
export async function explain(job: string, flags: MasterFlags, context: Context): Promise<void> {
  const session = await connectTo(flags, context);
  try {
    const story = await session.explain(job);
    context.answer(story, storyText(story));
  } finally {
    await session.close();
  }
}

function storyText(found: Awaited<ReturnType<Session["explain"]>>): string {
  const { id, label, state, waitsFor, worker, inputs, story, entries, error, digest, others } = found;
  const lines = [
    `${plain(label)}`,
    `job      ${id}`,
    `state    ${state}${worker === null ? "" : ` on ${worker}`}${waitsFor === null ? "" : `, waits for ${plain(waitsFor)}`}`,
    digest === null ? "" : `digest   ${digest}`,
    error === null ? "" : `error    ${plain(error)}`,
    ...inputs.slice(0, 10).map((each) => `input    ${plain(each.label)} ${each.id.slice(0, 8)} is ${each.state}`),
    inputs.length > 10 ? `         and ${countText(inputs.length - 10, "other")}` : "",
    "story",
    entries > story.length ? `  (entries before these: ${entries - story.length})` : "",
    ...story.map((entry) => `  ${plain(entry)}`),
    others.count === 0
      ? ""
      : `${countText(others.count, "other job")} of that name: ${others.ids.map((each) => each.slice(0, 8)).join(", ")}`,
  ];
  return lines.filter((line) => line !== "").join("\n");
}
