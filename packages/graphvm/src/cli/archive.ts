import type { ArchiveOptions, MasterHandle } from "@graphvm/cluster";
import { given } from "@graphvm/engine/internal";
import { type Command, Option } from "commander";
import { UsageError } from "../errors.js";
import type { Context } from "./context.js";
import { failureOf } from "./failure.js";
import { keptOptions, mapping, type RecordFlags, recordingOptions, wholeNumber } from "./options.js";
import { bytesText, countText } from "./text.js";

/** Flags that say where the recording of a whole session goes; its labels have a name of their own, because workers have labels too. */
export interface ArchiveFlags extends Omit<RecordFlags, "label"> {
  readonly record?: string;
  readonly recordLabel?: { readonly [name: string]: string };
  readonly lockDays?: number;
  readonly lockMode?: "governance" | "compliance";
}

export function archiveFlags(command: Command): Command {
  const withPlace = command.option(
    "--record <place>",
    "archive the session's recording there when it ends: s3://bucket/prefix, or a folder",
  );
  return keptOptions(withPlace)
    .option("--record-label <name=value>", "a label for that recording", mapping)
    .option("--lock-days <n>", "nobody can change it for n days, in S3 buckets that offer object lock", wholeNumber(1))
    .addOption(
      new Option(
        "--lock-mode <mode>",
        "who may lift that: who has the permission, or nobody (default: governance)",
      ).choices(["governance", "compliance"]),
    );
}

/** What the flags say, as a master takes it. @throws UsageError where they are about no recording */
export function archiveOf(flags: ArchiveFlags): ArchiveOptions | undefined {
  const { record, recordLabel, lockDays, lockMode } = flags;
  const { capture, digests, author } = flags;
  const kept = recordingOptions({
    ...given({ capture, digests, author, label: recordLabel }),
  });
  const locked = {
    ...given({ lockDays, lockMode }),
  };
  if (record !== undefined) return { to: record, ...kept, ...locked };
  if (Object.keys({ ...kept, ...locked }).length === 0) return undefined;
  throw new UsageError(
    "--capture, --digests, --author, --record-label and --lock-days are about a recording: add --record.",
    {},
  );
}

/** Says where the recording went, or that it did not get there: the command failed then. */
export async function tellArchived(master: MasterHandle, context: Context): Promise<void> {
  try {
    const archived = await master.archived;
    if (archived === undefined) return;
    const { uri, bytes, calls } = archived;
    context.note(
      `recorded ${countText(calls, "call")}, ${bytesText(bytes)}: ${uri} (prove it with: graphvm replay ${uri})`,
    );
  } catch (error) {
    const { text, exitCode } = failureOf(error, false);
    context.note(text);
    process.exitCode = exitCode;
  }
}
