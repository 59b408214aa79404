import { isUtf8 } from "node:buffer";
import * as v from "valibot";
import { base64Schema } from "./base64.js";
import { canonicalJson } from "./canonical-json.js";
import {
  ArchiveDamagedError,
  BlobDamagedError,
  BlobMissingError,
  FormatVersionError,
  KeyExistsError,
  KeyMissingError,
  RecordingError,
  StoreVerifyError,
} from "./errors.js";
import { openIndex, type RecordingIndex } from "./gvr.js";
import { sha256Hex } from "./sha256.js";
import { checkStoreKey, type PutOptions, type Store } from "./store.js";
import { CENTRAL_SIZE, COMMENT_SIZE, END_SIZE, LOCAL_SIZE, MAX_BYTES } from "./zip-layout.js";
import { ARCHIVE, readStoredZip } from "./zip-read.js";
import { ZipWriter } from "./zip-write.js";

/** Entries of more bytes are kept once for all recordings beside each other. Recordings without any are plain files. */
export const SHARE_ABOVE = 256 * 1024;

const KIND = "graphvm recording in parts";
/** Blobs that travel side by side. */
const ABREAST = 4;

const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "is no sha-256"));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_BYTES));
const name = v.pipe(v.string(), v.maxLength(255));
const schema = v.strictObject({
  entries: v.array(
    v.union([v.strictObject({ name, base64: base64Schema }), v.strictObject({ name, sha256: hex, size: count })]),
  ),
  format: v.strictObject({ major: v.literal(1), minor: v.literal(0) }),
  kind: v.literal(KIND),
  sha256: hex,
  size: count,
});

/** What lies in a store in the place of a recording: its small entries, the names of its large ones, and its own digest. */
export type Manifest = v.InferOutput<typeof schema>;
type Entry = Manifest["entries"][number];

/**
 * Puts a recording in a store: its large entries as `blobs/<sha-256>` beside it, where they may be already, and last of all
 * a manifest under its own name. So a put that breaks leaves blobs that nobody refers to, and never half a recording.
 * Recordings without large entries, and other files, are put as they are.
 *
 * @throws KeyExistsError where something else has that name, unless forced; and what stores throw
 */
export async function putShared(store: Store, key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<void> {
  checkStoreKey(key);
  const entries = entriesOf(bytes);
  const large = entries.filter(([, content]) => content.length > SHARE_ABOVE);
  if (large.length === 0) return await store.put(key, bytes, options);
  const listed = entries.map(([name, content]): Entry => {
    if (content.length <= SHARE_ABOVE) return { name, base64: Buffer.from(content).toString("base64") };
    return { name, sha256: sha256Hex(content), size: content.length };
  });
  const contents = new Map(large);
  const blobs = listed.filter((entry) => "sha256" in entry);
  await inBatches(blobs, ({ name, sha256 }) => putBlob(store, blobKey(key, sha256), contents.get(name)!));
  const [major, minor] = [1, 0] as const;
  const manifest: Manifest = {
    ...{ entries: listed, format: { major, minor }, kind: KIND },
    ...{ sha256: sha256Hex(bytes), size: bytes.length },
  };
  await store.put(key, Buffer.from(textOf(manifest)), options);
}

/** A blob is never replaced: what has its name and other bytes was damaged. */
async function putBlob(store: Store, key: string, bytes: Uint8Array): Promise<void> {
  try {
    await store.put(key, bytes);
  } catch (error) {
    if (!(error instanceof KeyExistsError)) throw error;
    const sentence = `${key} in the store has other bytes than its name says: remove it, and verify the recordings beside it.`;
    throw new StoreVerifyError(sentence, error.fields, { cause: error });
  }
}

/** What a manifest says; undefined for bytes that are none. @throws ArchiveDamagedError, FormatVersionError */
export function readManifest(bytes: Uint8Array): Manifest | undefined {
  if (bytes[0] !== 0x7b || !isUtf8(bytes)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  let json: { kind?: unknown; format?: { major?: unknown } };
  try {
    json = JSON.parse(text) as typeof json;
  } catch {
    // cut short, or another kind of file
    if (text.includes(KIND) || text.startsWith('{\n  "entries": [')) throw damaged("it is no JSON");
    return undefined;
  }
  if (json.kind !== KIND) return undefined;
  const { major } = json.format ?? {};
  if (typeof major === "number" && major !== 1) {
    const sentence = `The recording is kept in parts of version ${major}, and this graphvm reads version 1: use a newer one.`;
    throw new FormatVersionError(sentence, { entry: ARCHIVE, major, supported: 1 });
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) throw damaged(`${v.getDotPath(parsed.issues[0]) ?? "it"}: ${parsed.issues[0].message}`);
  if (textOf(parsed.output) !== text) throw damaged("it is not in canonical form");
  return parsed.output;
}

/**
 * The bytes of a recording, whichever way it is kept.
 *
 * @param key Its own name in the store.
 * @param stored What lies there.
 * @throws ArchiveDamagedError, BlobMissingError, BlobDamagedError, and what stores throw
 */
export async function wholeRecording(store: Store, key: string, stored: Uint8Array): Promise<Uint8Array> {
  const manifest = readManifest(stored);
  if (manifest === undefined) return stored;
  if (zipSize(manifest) !== manifest.size) throw damaged("its sizes don't add up");
  const out = new Uint8Array(manifest.size);
  let at = 0;
  const take = (pieces: readonly Uint8Array[]): void => {
    for (const piece of pieces) {
      out.set(piece, at);
      at += piece.length;
    }
  };
  const zip = new ZipWriter();
  for (let i = 0; i < manifest.entries.length; i += ABREAST) {
    const entries = manifest.entries.slice(i, i + ABREAST);
    const contents = await Promise.all(entries.map((entry) => readEntry(store, key, entry)));
    for (const [j, { name }] of entries.entries()) take(zip.add(name, contents[j]!));
  }
  take(zip.end());
  if (sha256Hex(out) !== manifest.sha256) throw damaged("its parts make up another recording than was stored");
  return out;
}

/** A recording in parts as a list shows it. */
export interface SharedIndex extends RecordingIndex {
  /** Bytes of the recording, and of those that lie in `blobs/`. */
  readonly bytes: number;
  readonly sharedBytes: number;
}

/**
 * Opens a recording in parts without fetching what is large, but for its journal. Its chain and signature are verified, and
 * that its blobs are there; their bytes are not.
 *
 * @param there All keys of the store.
 * @throws What `openRecording` throws
 */
export async function openShared(
  store: Store,
  key: string,
  manifest: Manifest,
  there: ReadonlySet<string>,
): Promise<SharedIndex> {
  const texts = new Map<string, Uint8Array>();
  const digests = new Map<string, string>();
  let sharedBytes = 0;
  for (const entry of manifest.entries) {
    if ("sha256" in entry) {
      sharedBytes += entry.size;
      if (!there.has(blobKey(key, entry.sha256))) throw blobMissing(key, entry.sha256);
    }
    const bytes = entry.name.startsWith("blobs/") && "sha256" in entry ? undefined : await readEntry(store, key, entry);
    if (bytes !== undefined) texts.set(entry.name, bytes);
    digests.set(entry.name, bytes === undefined ? (entry as { sha256: string }).sha256 : sha256Hex(bytes));
  }
  return { ...openIndex(texts, digests), bytes: manifest.size, sharedBytes };
}

async function readEntry(store: Store, key: string, entry: Entry): Promise<Uint8Array> {
  if ("base64" in entry) return Buffer.from(entry.base64, "base64");
  const { sha256, size } = entry;
  let bytes: Uint8Array;
  try {
    bytes = await store.get(blobKey(key, sha256));
  } catch (error) {
    if (error instanceof KeyMissingError) throw blobMissing(key, sha256, error);
    throw error;
  }
  if (bytes.length === size && sha256Hex(bytes) === sha256) return bytes;
  const sentence = `${blobKey(key, sha256)}, which the recording is made of, has other bytes than its name says; take an unchanged copy.`;
  throw new BlobDamagedError(sentence, { entry: `blobs/${sha256}`, sha256 });
}

/** How long the file is that these entries make up. */
function zipSize({ entries }: Manifest): number {
  return entries.reduce((sum, entry) => {
    const size = "sha256" in entry ? entry.size : Buffer.byteLength(entry.base64, "base64");
    return sum + LOCAL_SIZE + CENTRAL_SIZE + 2 * entry.name.length + size;
  }, END_SIZE + COMMENT_SIZE);
}

/** The entries of a recording; none of what is no recording. */
function entriesOf(bytes: Uint8Array): (readonly [name: string, content: Uint8Array])[] {
  if (bytes.length <= SHARE_ABOVE) return [];
  try {
    return [...readStoredZip(bytes)];
  } catch (error) {
    if (error instanceof RecordingError) return [];
    throw error;
  }
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += ABREAST) await Promise.all(items.slice(i, i + ABREAST).map(work));
}

/** Blobs lie beside the recordings that share them. */
function blobKey(key: string, sha256: string): string {
  return `${key.slice(0, key.lastIndexOf("/") + 1)}blobs/${sha256}`;
}

function textOf(manifest: Manifest): string {
  return `${canonicalJson(manifest, 2)}\n`;
}

function blobMissing(key: string, sha256: string, cause?: Error): BlobMissingError {
  const sentence =
    `${blobKey(key, sha256)}, which the recording is made of, is missing; ` +
    "read the recording where it was stored, with all that lies beside it.";
  return new BlobMissingError(sentence, { entry: `blobs/${sha256}`, sha256 }, { cause });
}

function damaged(why: string): ArchiveDamagedError {
  return new ArchiveDamagedError(`The recording's list of parts is damaged: ${why}; take an unchanged copy.`, {
    entry: ARCHIVE,
  });
}
