import {
  KeyExistsError,
  type Recording,
  type ReplayReport,
  readRecording,
  readSource,
  verifyRecording,
  writeTarget,
} from "@graphvm/cluster";
import { sourceExists } from "@graphvm/cluster/internal";
import type { Context } from "../cli/context.js";
import type { CommonFlags } from "../cli/options.js";
import { readText } from "../cli/read-text.js";
import { bytesText } from "../cli/text.js";
import { FileArgumentError, UsageError } from "../errors.js";
import { htmlReport } from "../recorded/html.js";
import { lineageEvents } from "../recorded/openlineage.js";

export interface ExportFlags extends CommonFlags {
  readonly openlineage?: boolean;
  readonly html?: boolean;
  readonly gvr?: boolean;
  readonly replay?: string;
  readonly output?: string;
  readonly force?: boolean;
}

/** `graphvm recording export`. */
export async function exportRecording(source: string, flags: ExportFlags, context: Context): Promise<void> {
  const { openlineage = false, html = false, gvr = false, output, force = false } = flags;
  if (Number(openlineage) + Number(html) + Number(gvr) !== 1) {
    throw new UsageError("Say what to export: --openlineage, --html or --gvr.", {});
  }
  if (flags.replay !== undefined && !html) throw new UsageError("--replay is for --html.", {});
  if (output !== undefined && !force && (await sourceExists(output))) {
    throw new KeyExistsError(`There is something at ${output}: choose another name, or use --force.`, { uri: output });
  }
  if (gvr) return await exportFile(source, output, force, context);
  const recording = await readRecording(source);
  const verdict = flags.replay === undefined ? undefined : readVerdict(flags.replay, recording);
  const text = openlineage
    ? lineageEvents(recording)
        .map((event) => `${JSON.stringify(event)}\n`)
        .join("")
    : await htmlReport(source, recording, verdict);
  if (output !== undefined) await writeTarget(output, Buffer.from(text), { force });
  const form = openlineage ? "openlineage" : "html";
  if (output === undefined) context.answer({ source, form, text }, text.trimEnd());
  else context.answer({ source, form, path: output, bytes: text.length }, `${output}: ${bytesText(text.length)}`);
}

/** The one file that a recording is, also where a store keeps it in parts. */
async function exportFile(source: string, output: string | undefined, force: boolean, context: Context): Promise<void> {
  if (output === undefined) throw new UsageError("A recording is no text: say where it goes with -o.", {});
  const bytes = await readSource(source);
  verifyRecording(bytes);
  await writeTarget(output, bytes, { force });
  context.answer({ source, form: "gvr", path: output, bytes: bytes.length }, `${output}: ${bytesText(bytes.length)}`);
}

/** What a replay of this very recording said. @throws FileArgumentError for anything else */
function readVerdict(path: string, recording: Recording): Omit<ReplayReport, "header"> {
  let report: Partial<ReplayReport> | null = null;
  try {
    report = JSON.parse(readText(path, "replay's report")) as Partial<ReplayReport> | null;
  } catch (error) {
    if (error instanceof FileArgumentError) throw error;
  }
  const whole = typeof report === "object" && report !== null && /^(equal|diverged)$/.test(String(report.verdict));
  if (!whole) {
    throw new FileArgumentError(`${path} is no report: write one with graphvm replay … --json > ${path}.`, { path });
  }
  if (report!.head === recording.head) return report as ReplayReport;
  throw new FileArgumentError(`${path} is about another recording: its head is ${report!.head}.`, { path });
}
