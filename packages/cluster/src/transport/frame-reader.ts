import { BadMessageError } from "../errors.js";
import { MAX_ATTACHMENT } from "./transport.js";

/** The first byte of a frame: what follows it. */
export const KIND = {
  /** Nothing: the message is whole. */
  last: 0,
  /** More of the message. */
  more: 1,
  /** The message is whole; the next frame is its attachment, raw. */
  attached: 2,
} as const;

/** What keeping a part costs at least, however short it is. Ours are never short. */
const PART = 1024;

/** Puts frames together: to messages, and attachments to theirs. Keeps no more than a message's limit. */
export class FrameReader {
  readonly #limit: number;
  readonly #whole: (message: Buffer, attachment: Uint8Array | undefined) => void;
  #parts: Buffer[] = [];
  #size = 0;
  /** The message whose attachment comes next. */
  #awaiting: Buffer | undefined;

  constructor(limit: number, whole: (message: Buffer, attachment: Uint8Array | undefined) => void) {
    this.#limit = limit;
    this.#whole = whole;
  }

  /** @throws BadMessageError */
  take(frame: Buffer, isBinary: boolean): void {
    if (!isBinary) throw strange();
    if (this.#awaiting) this.#takeAttachment(this.#awaiting, frame);
    else this.#takePart(frame);
  }

  #takeAttachment(message: Buffer, attachment: Buffer): void {
    const limit = Math.min(this.#limit, MAX_ATTACHMENT);
    if (attachment.length > limit)
      throw new BadMessageError(`The peer sent an attachment of more than ${limit} bytes.`, {});
    this.#awaiting = undefined;
    this.#whole(message, attachment);
  }

  #takePart(frame: Buffer): void {
    const kind = frame[0];
    if (kind === undefined || kind > KIND.attached) throw strange();
    this.#parts.push(frame.subarray(1));
    this.#size += kind === KIND.more ? Math.max(PART, frame.length - 1) : frame.length - 1;
    if (this.#size > this.#limit)
      throw new BadMessageError(`The peer sent a message of more than ${this.#limit} bytes.`, {});
    if (kind === KIND.more) return;
    const message = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    if (kind === KIND.attached) this.#awaiting = message;
    else this.#whole(message, undefined);
  }
}

function strange(): BadMessageError {
  return new BadMessageError("The peer sent a frame that is not of graphvm's protocol.", {});
}
