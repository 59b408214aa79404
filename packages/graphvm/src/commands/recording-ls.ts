import { existsSync } from "node:fs";
import { openRecording } from "@graphvm/cluster";
import {
  openShared,
  openStore,
  parsePlace,
  type RecordingIndex,
  readManifest,
  type Store,
} from "@graphvm/cluster/internal";
import { GraphvmError } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import type { Context } from "../cli/context.js";
import { bytesText, countText, plain, tableText } from "../cli/text.js";
import { FileArgumentError } from "../errors.js";

/** A recording in a list, or what is wrong with a file that is named like one. */
type Listed =
  | { readonly key: string; readonly bytes: number; readonly shared: number; readonly recording: RecordingIndex }
  | { readonly key: string; readonly error: GraphvmError };

/**
 * `graphvm recording ls`: what there is, the oldest first. Each is opened and its chain checked; nothing is run. Of blobs that
 * recordings share it is looked whether they are there, and no more.
 */
export async function listRecordings(place: string, context: Context): Promise<void> {
  const at = parsePlace(place);
  if (at.kind === "file" && !existsSync(at.path)) {
    throw new FileArgumentError(`There is no folder ${place}: check the path.`, { path: place });
  }
  const store = openStore(place);
  const listed: Listed[] = [];
  try {
    const keys = await store.list();
    const there = new Set(keys);
    for (const key of keys) if (key.endsWith(".gvr")) listed.push(await open(store, key, there));
  } finally {
    store.close();
  }
  const time = (each: Listed): string => ("recording" in each ? each.recording.header.createdAt : "");
  listed.sort((a, b) => (time(a) < time(b) ? -1 : time(a) > time(b) ? 1 : 0));
  const text = listed.length === 0 ? `There is no recording in ${place}.` : tableText(listed.map(row));
  context.answer({ place, recordings: listed.map(json) }, text);
}

async function open(store: Store, key: string, there: ReadonlySet<string>): Promise<Listed> {
  const stored = await store.get(key);
  try {
    const manifest = readManifest(stored);
    if (manifest === undefined) return { key, bytes: stored.length, shared: 0, recording: openRecording(stored) };
    const recording = await openShared(store, key, manifest, there);
    return { key, bytes: recording.bytes, shared: recording.sharedBytes, recording };
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
    ...(each.shared === 0 ? {} : { sharedBytes: each.shared }),
    ...{ createdAt, format, calls: lines.length, head },
    signedBy: signature?.fingerprint ?? null,
    ...given({ author, labels }),
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
    bytesText(each.bytes) + (each.shared === 0 ? "" : `, ${bytesText(each.shared)} of it shared`),
    countText(lines.length, "call"),
    signature === undefined ? "not signed" : `signed ${signature.fingerprint.slice(0, 12)}`,
    plain([header.author ?? "", ...labels].filter((text) => text !== "").join(" ")),
  ];
}
