import type { NodeReads } from "@graphvm/engine";
import { countText, plain } from "../cli/text.js";

const SHOWN = 5;

/** What atoms read without declaring it, a line for each of the first nodes; empty where there is nothing to tell. */
export function undeclaredLines(nodes: readonly NodeReads[]): string[] {
  const lines = nodes.slice(0, SHOWN).map(({ label, reads }) => {
    const [{ kind, what }] = reads as [NodeReads["reads"][number]];
    const more = reads.length === 1 ? "" : ` and ${reads.length - 1} more`;
    return `  ${plain(label)}: ${kind} ${plain(what)}${more}`;
  });
  if (nodes.length > SHOWN) lines.push(`  and ${countText(nodes.length - SHOWN, "node")} more`);
  return lines;
}

/** What `run` says of them; undefined where there is nothing to tell. */
export function undeclaredNote(nodes: readonly NodeReads[]): string | undefined {
  if (nodes.length === 0) return undefined;
  return [
    `warning: ${countText(nodes.length, "node")} read what is not declared, which a replay can't check:`,
    ...undeclaredLines(nodes),
    "  declare it (file, env) or pass it as a param; --strict refuses such reads",
  ].join("\n");
}
