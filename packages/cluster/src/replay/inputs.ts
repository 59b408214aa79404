import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { InputMissingError } from "@graphvm/engine";
import { inputPath, stampOf } from "@graphvm/engine/internal";
import type { RecordedInput } from "../recording/index.js";

/** An input as it is found here. */
export interface FoundInput {
  readonly input: RecordedInput;
  readonly path: string;
  readonly sha256: string;
}

/**
 * Finds and hashes the inputs of a recording: where the map says, else under each root in turn.
 *
 * @throws InputMissingError naming the first that is nowhere; nothing was run then.
 */
export async function findInputs(
  inputs: readonly RecordedInput[],
  roots: readonly string[],
  mapped: ReadonlyMap<string, string>,
): Promise<FoundInput[]> {
  const found: FoundInput[] = [];
  for (const input of inputs) {
    const named = mapped.get(input.uri);
    const candidates = named === undefined ? [...new Set(roots.map((root) => inputPath(root, input.uri)))] : [named];
    const path = candidates.find((each) => stampOf(each));
    if (path === undefined) {
      throw new InputMissingError(
        `The input ${input.uri} of the recording is gone (looked for ${candidates.join(", ")}): put it back, or say where it is with --input ${input.uri}=PATH.`,
        {
          uri: input.uri,
          paths: candidates,
        },
      );
    }
    found.push({ input, path, sha256: await hashFile(path) });
  }
  return found;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest("hex");
}
