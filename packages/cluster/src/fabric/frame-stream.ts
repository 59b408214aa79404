import { BadMessageError } from "../errors.js";
import { MAX_FRAME } from "../transport/limits.js";

/** A head from here on says no length: it is a place in the order, and its number. */
export const MARK = 0x8000_0000;

/** What stands before a frame. */
export function headOf(length: number): Buffer {
  const head = Buffer.allocUnsafe(4);
  head.writeUInt32BE(length);
  return head;
}

/** Told of what a stream holds. */
export interface FrameEvents {
  /** A frame. */
  frame(bytes: Buffer): unknown;
  /** A place in the order without bytes. */
  mark(number: number): void;
}

/** Frames out of a stream of bytes: 4 bytes length, then so many; the highest bit marks a place in the order instead. */
export class FrameStream {
  readonly #events: FrameEvents;
  readonly #head = Buffer.alloc(4);
  #headBytes = 0;
  #frame: Buffer | undefined;
  #filled = 0;

  constructor(events: FrameEvents) {
    this.#events = events;
  }

  /** @throws BadMessageError */
  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (!this.#frame) {
        const part = Math.min(4 - this.#headBytes, bytes.length - at);
        bytes.copy(this.#head, this.#headBytes, at, at + part);
        this.#headBytes += part;
        at += part;
        if (this.#headBytes === 4) this.#begin(this.#head.readUInt32BE());
        continue;
      }
      const part = Math.min(this.#frame.length - this.#filled, bytes.length - at);
      bytes.copy(this.#frame, this.#filled, at, at + part);
      this.#filled += part;
      at += part;
      this.#endIfWhole();
    }
  }

  #begin(head: number): void {
    this.#headBytes = 0;
    if (head >= MARK) {
      this.#events.mark(head - MARK);
      return;
    }
    if (head > MAX_FRAME) throw new BadMessageError(`The peer sent a frame of more than ${MAX_FRAME} bytes.`, {});
    this.#frame = Buffer.allocUnsafeSlow(head);
    this.#filled = 0;
    this.#endIfWhole();
  }

  #endIfWhole(): void {
    const frame = this.#frame;
    if (!frame || this.#filled < frame.length) return;
    this.#frame = undefined;
    this.#events.frame(frame);
  }
}
