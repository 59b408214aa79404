import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { BadMessageError } from "../errors.js";
import { Frames } from "./frames.js";
import { Inbox, type Transport } from "./transport.js";

/** What a peer may send us at most in one message, in bytes. Values are larger, and travel in pieces. */
export const MAX_MESSAGE = 1024 * 1024 * 1024;

/** More than so many bytes of attachments under way, and whoever asks `drained` waits. */
const MUCH = 8 * 1024 * 1024;

/**
 * A link over a WebSocket. Each message is MessagePack, cut into binary frames of 2 MB whose first byte says what follows;
 * an attachment is one frame of its own, raw, after its message. A frame that is no part of a message, or a message over
 * `limit`, closes the link.
 *
 * @param wire What the WebSocket writes to: what is sent in one turn leaves together there.
 */
export function socketTransport(socket: WebSocket, limit = MAX_MESSAGE, wire?: () => Duplex | undefined): Transport {
  const frames = new Frames();
  const inbox = new Inbox();
  const leaving = new Leaving();
  const turn = new Turn(wire);
  const reader = frames.reader(limit, (message, attachment) => inbox.deliver(message, attachment));
  const close = (reason: Error | undefined): void => {
    inbox.close(reason);
    leaving.end();
  };
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (inbox.closed) return;
    try {
      reader.take(data, isBinary);
    } catch (error) {
      if (!(error instanceof BadMessageError)) throw error;
      socket.terminate();
      close(error);
    }
  });
  socket.on("error", (error) => close(error));
  socket.on("close", (code) =>
    close(code === 1000 || code === 1005 ? undefined : new Error(`socket closed with code ${code}`)),
  );
  return {
    send: (message, attachment) => {
      if (inbox.closed || socket.readyState !== socket.OPEN) return;
      const written = frames.write(message, attachment !== undefined);
      turn.begin();
      for (const frame of written) socket.send(frame, { binary: true });
      if (attachment) socket.send(attachment, { binary: true }, leaving.add(attachment.length));
      turn.sent();
    },
    onMessage: (listener) => inbox.onMessage(listener),
    onClose: (listener) => inbox.onClose(listener),
    drained: () => leaving.drained(),
    close: () => {
      socket.close(1000);
      turn.end();
    },
  };
}

/**
 * Each write to a socket costs a call to the system and wakes the other side. So only a turn's first message leaves at once;
 * what is sent behind it waits for the end of the turn, which is when this thread would wait for something to happen.
 */
class Turn {
  readonly #wire: () => Duplex | undefined;
  /** What holds back until the turn ends. */
  #held: Duplex | undefined;
  #soon: NodeJS.Immediate | undefined;

  constructor(wire: () => Duplex | undefined = () => undefined) {
    this.#wire = wire;
  }

  /** A message follows, in several frames it may be. */
  begin(): void {
    if (this.#held) return;
    this.#held = this.#wire();
    this.#held?.cork();
  }

  /** It was handed over whole. */
  sent(): void {
    if (this.#soon || !this.#held) return;
    this.#held.uncork();
    this.#held.cork();
    this.#soon = setImmediate(() => this.end());
  }

  end(): void {
    if (this.#soon) clearImmediate(this.#soon);
    this.#soon = undefined;
    const held = this.#held;
    this.#held = undefined;
    held?.uncork();
  }
}

/** Bytes that were sent and have not left yet, and who waits for that. */
class Leaving {
  #bytes = 0;
  #waiters: (() => void)[] = [];
  #over = false;

  /** What to call when they have left. */
  add(bytes: number): () => void {
    this.#bytes += bytes;
    return () => {
      this.#bytes -= bytes;
      if (this.#bytes <= MUCH) this.#wake();
    };
  }

  drained(): Promise<void> {
    if (this.#over || this.#bytes <= MUCH) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  end(): void {
    this.#over = true;
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}
