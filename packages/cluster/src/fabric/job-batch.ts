import { BadMessageError } from "../errors.js";

/** A job as it lies in a queue: its number on its link, and the frame that is its message. */
export interface QueuedJob {
  readonly number: number;
  readonly frame: Uint8Array;
}

/** Bytes before each frame: 4 of its number, 4 of its length. */
export const JOB_HEAD = 8;

/** Jobs as the bytes of one message. */
export function writeJobs(jobs: readonly QueuedJob[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(jobs.reduce((sum, { frame }) => sum + JOB_HEAD + frame.length, 0));
  let at = 0;
  for (const { number, frame } of jobs) {
    bytes.writeUInt32BE(number, at);
    bytes.writeUInt32BE(frame.length, at + 4);
    bytes.set(frame, at + JOB_HEAD);
    at += JOB_HEAD + frame.length;
  }
  return bytes;
}

/** The jobs of a message. @throws BadMessageError */
export function readJobs(message: Uint8Array): QueuedJob[] {
  const bytes = Buffer.from(message); // it outlives the message
  const jobs: QueuedJob[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + JOB_HEAD + (at + JOB_HEAD <= bytes.length ? bytes.readUInt32BE(at + 4) : Number.POSITIVE_INFINITY);
    if (end > bytes.length) throw new BadMessageError("A job in the queue is not of graphvm's protocol.", {});
    jobs.push({ number: bytes.readUInt32BE(at), frame: bytes.subarray(at + JOB_HEAD, end) });
    at = end;
  }
  return jobs;
}
