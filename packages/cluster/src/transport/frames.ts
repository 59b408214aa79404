import { Packr } from "msgpackr";
import { BadMessageError } from "../errors.js";
import { checkMessage } from "./check-message.js";
import { FrameReader, KIND } from "./frame-reader.js";
import type { Message, MessageListener } from "./transport.js";

/** Larger messages travel as several frames. */
const FRAME = 2 * 1024 * 1024;

/** Messages as frames, for links that carry bytes: MessagePack, cut into frames of 2 MB whose first byte says what follows. */
export class Frames {
  readonly #packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: true, int64AsType: "number" });

  /** The frames of a message, in order. An attachment is one frame of its own, raw, behind them. */
  write(message: Message, attached: boolean): Buffer[] {
    const bytes = this.#packr.pack(message);
    const frames: Buffer[] = [];
    for (let at = 0; at === 0 || at < bytes.length; at += FRAME) {
      const end = Math.min(at + FRAME, bytes.length);
      const frame = Buffer.allocUnsafe(end - at + 1);
      frame[0] = end < bytes.length ? KIND.more : attached ? KIND.attached : KIND.last;
      bytes.copy(frame, 1, at, end);
      frames.push(frame);
    }
    return frames;
  }

  /** What puts frames together again; it throws BadMessageError at what is no part of a message, or is over `limit`. */
  reader(limit: number, deliver: MessageListener): FrameReader {
    return new FrameReader(limit, (bytes, attachment) => deliver(this.#read(bytes), attachment));
  }

  #read(bytes: Buffer): Message {
    try {
      checkMessage(bytes);
      return asMessage(this.#packr.unpack(bytes));
    } catch (error) {
      throw new BadMessageError("The peer sent bytes that are no message.", {}, { cause: error });
    }
  }
}

function asMessage(value: unknown): Message {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TypeError("a message is an object");
  return value as Message;
}
