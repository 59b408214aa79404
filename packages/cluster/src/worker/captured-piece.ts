import { open } from "node:fs/promises";
import * as v from "valibot";
import { PlaneBoundError } from "../errors.js";
import { sha256Schema } from "../protocol.js";
import { Attached } from "../rpc/peer.js";
import { FILE_PIECE } from "../store/data-methods.js";
import type { WorkerShared } from "./worker-shared.js";

/** Where a piece of a bound input begins that is to be captured. */
export const inputPieceSchema = v.object({
  uri: v.string(),
  plane: v.string(),
  sha256: sha256Schema,
  offset: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/**
 * A piece of an input that is bound to this worker's plane, for a recording.
 *
 * @throws PlaneBoundError where the plane does not give leave; InputMissingError, InputChangedError, VolumeError
 */
export async function capturedPiece(
  { uri, plane, sha256, offset }: v.InferOutput<typeof inputPieceSchema>,
  { files, labels, exports, sent }: WorkerShared,
): Promise<Attached> {
  if (exports?.inputs !== true || plane !== labels.plane) {
    throw new PlaneBoundError(
      `The input ${uri} is bound to plane ${plane}, which does not let its inputs be captured: record without inputs, or give leave in its config (exports: { inputs: true }).`,
      { uri, plane },
    );
  }
  const file = await open(await files.boundPath({ uri, sha256, plane }), "r");
  try {
    const buffer = new Uint8Array(FILE_PIECE);
    const { bytesRead } = await file.read(buffer, 0, FILE_PIECE, offset);
    sent.add("", bytesRead);
    return new Attached({}, buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}
