import { given } from "@graphvm/engine/internal";
import type { BlobLimits } from "./blobs.js";
import { openRecording, type Recording } from "./gvr.js";
import type { RecordingHeader } from "./header.js";
import { checkInput } from "./parts.js";
import type { RecordingSignature } from "./signature.js";

/** What a recording that verifies holds. */
export interface Verified {
  readonly ok: true;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Journal lines. */
  readonly calls: number;
  readonly blobs: number;
  /** Bytes of all blobs, unpacked. */
  readonly blobBytes: number;
  readonly programs: number;
  readonly inputs: number;
  /** Hash of the last journal line. */
  readonly head: string;
  /** Who signed it, where somebody did. */
  readonly signature?: RecordingSignature;
  readonly header: RecordingHeader;
}

/**
 * Verifies all of a recording, each blob's bytes too, and runs nothing. Unpacks one blob at a time.
 * @throws What `openRecording` throws; the error names the entry in `fields.entry`.
 * @example verifyRecording(await readSource("out.gvr")).calls
 */
export function verifyRecording(bytes: Uint8Array, limits: BlobLimits = {}): Verified {
  return verifyOpened(openRecording(bytes, limits), bytes.length);
}

/** Verifies the blobs of a recording that is open already. @throws BlobDamagedError */
export function verifyOpened(recording: Recording, bytes: number): Verified {
  const { header, lines, blobs, head, signature } = recording;
  let blobBytes = 0;
  for (const sha256 of blobs.names) blobBytes += blobs.get(sha256).length;
  for (const input of header.inputs) checkInput(input, blobs);
  return {
    ok: true,
    bytes,
    calls: lines.length,
    blobs: blobs.names.length,
    blobBytes,
    programs: header.programs.length,
    inputs: header.inputs.length,
    head,
    ...given({ signature }),
    header,
  };
}
