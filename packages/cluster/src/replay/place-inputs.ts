import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Session } from "../client/session.js";
import { inputName } from "../planner/declared-files.js";
import { placeInput, type Recording } from "../recording/index.js";
import type { FoundInput } from "./inputs.js";

/** How many bytes of an input one message takes along. */
const PIECE = 2 * 1024 * 1024 - 1024;

/** Where each input lies for the master, by the name people give it: captured ones are unpacked into `folder`, which the master sees too. */
export async function placeHere(
  found: readonly FoundInput[],
  recording: Recording,
  folder: string,
): Promise<{ readonly [uri: string]: string }> {
  const placed = new Map<string, string>();
  const paths: [string, string][] = [];
  for (const { input, from } of found) {
    let path = "path" in from ? from.path : placed.get(input.sha256);
    if (path === undefined && "blobs" in from) {
      path = join(folder, input.sha256);
      mkdirSync(folder, { recursive: true });
      await placeInput(from.blobs, recording.blobs, path);
      placed.set(input.sha256, path);
    }
    if (path !== undefined) paths.push([inputName(input), path]);
  }
  return Object.fromEntries(paths);
}

/** The same for a master elsewhere: captured inputs are sent to it, piece by piece. */
export async function placeThere(
  found: readonly FoundInput[],
  recording: Recording,
  session: Session,
): Promise<{ readonly [uri: string]: string }> {
  const placed = new Map<string, string>();
  const paths: [string, string][] = [];
  for (const { input, from } of found) {
    let path = "path" in from ? from.path : placed.get(input.sha256);
    if (path === undefined && "blobs" in from) {
      path = await send(input.sha256, input.size, from.blobs, recording, session);
      placed.set(input.sha256, path);
    }
    if (path !== undefined) paths.push([inputName(input), path]);
  }
  return Object.fromEntries(paths);
}

async function send(
  sha256: string,
  size: number,
  blobs: readonly string[],
  recording: Recording,
  session: Session,
): Promise<string> {
  let offset = 0;
  for (const name of blobs) {
    const bytes = recording.blobs.get(name);
    for (let at = 0; at < bytes.length || size === 0; at += PIECE) {
      const piece = Uint8Array.from(bytes.subarray(at, at + PIECE));
      const last = offset + piece.length === size;
      const params = { sha256, offset, bytes: piece, last };
      const { path } = await session.replayCall<{ path: string | null }>("placeInput", params);
      offset += piece.length;
      if (path !== null) return path;
    }
  }
  throw new Error(`the captured input ${sha256} ended early`); // verified before: cannot be
}
