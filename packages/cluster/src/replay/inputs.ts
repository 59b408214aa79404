import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { InputMissingError } from "@graphvm/engine";
import { type FetchedInputs, inputPath, remoteScheme, stampOf } from "@graphvm/engine/internal";
import { inputName } from "../planner/declared-files.js";
import { inputBlobs, type RecordedInput, type Recording } from "../recording/index.js";

/** An input as it is found: a file here, blobs of the recording, or in the plane it is bound to. */
export interface FoundInput {
  readonly input: RecordedInput;
  readonly from:
    | { readonly path: string; readonly sha256: string }
    | { readonly blobs: readonly string[] }
    | { readonly plane: string };
}

/**
 * Finds the inputs of a recording: where the map says, else in the recording itself, else under each root in turn, or fetched
 * from where they were. Files are hashed. On a master that has planes, what is bound to one is for that plane's workers to find.
 *
 * @throws InputMissingError naming the first that is nowhere; nothing was run then.
 */
export async function findInputs(
  recording: Recording,
  roots: readonly string[],
  mapped: ReadonlyMap<string, string>,
  fetched: FetchedInputs,
  planes: boolean,
): Promise<FoundInput[]> {
  const found: FoundInput[] = [];
  for (const input of recording.header.inputs) {
    const { plane } = input;
    if (planes && plane !== undefined) {
      found.push({ input, from: { plane } });
      continue;
    }
    const named = mapped.get(inputName(input)) ?? mapped.get(input.uri);
    const blobs = named === undefined ? inputBlobs(input, recording.blobs) : undefined;
    if (blobs !== undefined) {
      found.push({ input, from: { blobs } });
      continue;
    }
    const candidates =
      named !== undefined
        ? [named]
        : remoteScheme(input.uri) !== undefined
          ? [await fetched.fetch(input.uri)]
          : [...new Set(roots.map((root) => inputPath(root, input.uri)))];
    const path = candidates.find((each) => stampOf(each));
    if (path === undefined) throw missing(inputName(input), candidates);
    found.push({ input, from: { path, sha256: await hashFile(path) } });
  }
  return found;
}

function missing(uri: string, paths: readonly string[]): InputMissingError {
  return new InputMissingError(
    `The input ${uri} of the recording is gone (looked for ${paths.join(", ")}): put it back, or say where it is with --input ${uri}=PATH.`,
    { uri, paths },
  );
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest("hex");
}
