import type { Blobs, JournalLine, Json, Recording } from "../recording/index.js";

/** Where the blobs are that references speak of. */
export interface BlobSource {
  readonly blobs: Pick<Blobs, "get">;
}

/** The code of the error a call ended with. */
export function errorCode(line: JournalLine, recording: Recording): string | undefined {
  return line.error === undefined ? undefined : (unbox(line.error, recording) as { code: string }).code;
}

/** Puts blobs back in the place of their references: boxed JSON, and the texts of programs. */
export function unbox(json: Json, recording: BlobSource): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return (json as readonly Json[]).map((item) => unbox(item, recording));
  const record = json as { readonly [key: string]: Json };
  const keys = Object.keys(record);
  if (keys.length === 1 && keys[0] === "$json") {
    const { $blob } = record.$json as { $blob: string };
    return unbox(JSON.parse(Buffer.from(recording.blobs.get($blob)).toString("utf8")) as Json, recording);
  }
  if (keys.length === 1 && keys[0] === "$blob")
    return Buffer.from(recording.blobs.get(record.$blob as string)).toString("utf8");
  return Object.fromEntries(keys.map((key) => [key, unbox(record[key]!, recording)]));
}
