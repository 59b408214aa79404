import { existsSync } from "node:fs";
import { openRecording, type Recording } from "@graphvm/cluster";
import { openStore, parsePlace } from "@graphvm/cluster/internal";
import { GraphvmError } from "@graphvm/engine";
import type { Context } from "../cli/context.js";
import { bytesText, countText, plain, tableText } from "../cli/text.js";
import { FileArgumentError } from "../errors.js";

/** A recording in a list, or what is wrong with a file that is named like one. */
type Listed =
  | { readonly key: string; readonly bytes: number; readonly recording: Recording }
  | { readonly key: string; readonly error: GraphvmError };

/** `graphvm recording ls`: what there is, the oldest first. Each is opened and its chain checked; nothing is run. */
export async function listRecordings(place: string, context: Context): Promise<void> {
  const at = parsePlace(place);
  if (at.kind === "file" && !existsSync(at.path)) {
    throw new FileArgumentError(`There is no folder ${place}: check the path.`, { path: place });
  }
  const store = openStore(place);
  const listed: Listed[] = [];
  try {
    for (const key of await store.list()) {
      if (!key.endsWith(".gvr")) continue;
      const bytes = await store.get(key);
      listed.push(open(key, bytes));
    }
  } finally {
    store.close();
  }
  const time = (each: Listed): string => ("recording" in each ? each.recording.header.createdAt : "");
  listed.sort((a, b) => (time(a) < time(b) ? -1 : time(a) > time(b) ? 1 : 0));
  const text = listed.length === 0 ? `There is no recording in ${place}.` : tableText(listed.map(row));
  context.answer({ place, recordings: listed.map(json) }, text);
}

function open(key: string, bytes: Uint8Array): Listed {
  try {
    return { key, bytes: bytes.length, recording: openRecording(bytes) };
  } catch (error) {
    if (error instanceof GraphvmError) return { key, error };
    throw error;
  }
}

function json(each: Listed): object {
  if ("error" in each) return { key: each.key, error: { code: each.error.code, message: each.error.message } };
  const { header, lines, head, signature } = each.recording;
  const { createdAt, format, author, labels, capture, inputs, programs } = header;
  return {
    key: each.key,
    bytes: each.bytes,
    ...{ createdAt, format, calls: lines.length, head },
    signedBy: signature?.fingerprint ?? null,
    ...(author === undefined ? {} : { author }),
    ...(labels === undefined ? {} : { labels }),
    capture: capture ?? [],
    inputs: inputs.length,
    programs: programs.map(({ name }) => name),
  };
}

function row(each: Listed): string[] {
  if ("error" in each) return [plain(each.key), each.error.code, each.error.message];
  const { header, lines, signature } = each.recording;
  const labels = Object.entries(header.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  return [
    plain(each.key),
    header.createdAt,
    bytesText(each.bytes),
    countText(lines.length, "call"),
    signature === undefined ? "not signed" : `signed ${signature.fingerprint.slice(0, 12)}`,
    plain([header.author ?? "", ...labels].filter((text) => text !== "").join(" ")),
  ];
}
