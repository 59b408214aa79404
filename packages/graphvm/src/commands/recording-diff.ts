import { differenceText, readRecording } from "@graphvm/cluster";
import type { Context } from "../cli/context.js";
import type { CommonFlags } from "../cli/options.js";
import { countText, plain } from "../cli/text.js";
import { type DiffReason, diffOf, type MovedJob, type RecordingDiff } from "../recorded/diff.js";

export type DiffFlags = CommonFlags;

/** So many jobs that moved are told to people one by one. */
const SHOWN = 10;

/** `graphvm recording diff`: 0 where two runs are the same, 3 where they differ. */
export async function diffRecordings(a: string, b: string, _flags: DiffFlags, context: Context): Promise<number> {
  const [left, right] = [await readRecording(a), await readRecording(b)];
  const diff = await diffOf(left, right);
  context.answer({ a, b, ...diff }, diffText(diff));
  return diff.same ? 0 : 3;
}

function diffText(diff: RecordingDiff): string {
  const { same, reasons, moved, equal, onlyA, onlyB } = diff;
  if (same) {
    const all = `The two runs came out the same: ${countText(equal, "job")} with equal digests.`;
    return plain([all, ...reasons.map((reason) => `  in spite of ${reasonText(reason)}`)].join("\n"));
  }
  const lines = reasons.length === 0 ? ["Nothing that was recorded says why they differ."] : reasons.map(reasonText);
  const only = onlyA + onlyB === 0 ? "" : `, ${onlyA} only in the first, ${onlyB} only in the second`;
  lines.push(`${countText(moved.length, "job")} moved, ${equal} came out the same${only}`);
  for (const each of moved.slice(0, SHOWN)) lines.push(...movedText(each));
  if (moved.length > SHOWN) lines.push(`  … and ${moved.length - SHOWN} more`);
  return plain(lines.join("\n"));
}

function reasonText({ kind, what, a, b }: DiffReason): string {
  return `${`${kind}:`.padEnd(13)}${what}: ${a} → ${b}`;
}

function movedText({ rule, a, b, digestA, digestB, sameNode, difference }: MovedJob): string[] {
  const node = sameNode ? a : `${a} → ${b}`;
  const lines = difference === undefined ? [] : differenceText(difference);
  return [
    `  ${rule} ${node}: ${digestA.slice(0, 16)}… → ${digestB.slice(0, 16)}…`,
    ...lines.map((line) => `    ${line.replace(" recorded, ", " → ").replace(/ here(?=$|,)/, "")}`),
  ];
}
