import type { PubAck } from "@nats-io/jetstream";
import { FabricError, FencedError } from "../errors.js";
import type { LineKind } from "../folder/journal-copy.js";
import { type Clock, rest, systemClock } from "../transport/clock.js";
import { isPassing } from "./elections.js";
import type { Fabric } from "./fabric.js";
import { CODE, codeOf } from "./stores.js";

/** So many bytes of lines go in one message at most. */
const BATCH = 256 * 1024;
/** How long a message that nobody took is kept back before it is sent again, in seconds. */
const RETRY_SECONDS = 0.25;
const TIMEOUT_MS = 2000;
/** How long a server may say that it has no room just now, in seconds. */
const PATIENCE_SECONDS = 15;

interface Waiting {
  readonly kind: LineKind;
  readonly text: string;
}

/**
 * A leader's end of the journal stream. Lines go in order, those that wait together in one message; each message names the
 * sequence number it expects before it. Whoever is not the leader any more has the wrong one, and is refused for good.
 */
export class JournalStream {
  readonly #fabric: Fabric;
  readonly #clock: Clock;
  #last: number;
  #queue: Waiting[] = [];
  #written = 0;
  #stored = 0;
  #sending = false;
  #failure: Error | undefined;
  #waiters: { readonly upTo: number; resolve(): void; reject(error: Error): void }[] = [];
  #closed = false;
  /** Called once where another leads. */
  fenced: (error: FencedError) => void = () => {};

  /** @param last The sequence number of the stream's last message. */
  constructor(fabric: Fabric, last: number, clock: Clock = systemClock) {
    this.#fabric = fabric;
    this.#last = last;
    this.#clock = clock;
  }

  /** Why it takes no more. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Adds whole lines. They are in the stream once `stored` settles. */
  add(kind: LineKind, text: string): void {
    if (this.#failure) return;
    this.#written++;
    this.#queue.push({ kind, text });
    if (!this.#sending) void this.#send();
  }

  /** Settles once everything that was added so far is in the stream. @throws FencedError, FabricError */
  stored(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#stored === this.#written) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ upTo: this.#written, resolve, reject }));
  }

  close(): void {
    this.#closed = true;
    this.#fail(new FabricError("This master ended before its journal was in the stream.", {}));
  }

  async #send(): Promise<void> {
    this.#sending = true;
    while (this.#queue.length > 0 && !this.#failure) {
      const { kind, text, count } = this.#batch();
      try {
        await this.#publish(kind, text);
      } catch (error) {
        this.#fail(error as Error);
        break;
      }
      this.#queue.splice(0, count);
      this.#stored += count;
      this.#waiters = this.#waiters.filter((waiter) => {
        if (waiter.upTo > this.#stored) return true;
        waiter.resolve();
        return false;
      });
    }
    this.#sending = false;
  }

  /** The first that wait, as many as are of one kind and fit. */
  #batch(): { kind: LineKind; text: string; count: number } {
    const { kind } = this.#queue[0]!;
    const most = Math.min(BATCH, this.#fabric.connection.maxPayload - 1024);
    let text = "";
    let count = 0;
    for (const each of this.#queue) {
      // a character has three bytes at most, where it is one of a JavaScript string
      if (each.kind !== kind || (count > 0 && 3 * (text.length + each.text.length) > most)) break;
      text += each.text;
      count++;
    }
    return { kind, text, count };
  }

  /** Sends until it is known to be in the stream, or that it never will be. */
  async #publish(kind: LineKind, text: string): Promise<void> {
    const { connection, names, endpoint } = this.#fabric;
    const msgID = `${endpoint}-${this.#last + 1}`;
    const giveUp = this.#clock.now() + PATIENCE_SECONDS;
    for (;;) {
      try {
        const ack: PubAck = await connection.jetstream.publish(names.journal(kind), text, {
          msgID,
          timeout: TIMEOUT_MS,
          expect: { lastSequence: this.#last, streamName: names.journalStream },
        });
        this.#last = ack.seq;
        return;
      } catch (error) {
        if (this.#closed) throw error;
        const code = codeOf(error);
        if (code === CODE.wrongSequence) {
          const mine = await this.#isMine(msgID);
          if (mine === true) {
            this.#last++;
            return;
          }
          if (mine === false) throw this.#fence();
        } else if (code !== undefined && code >= 10000 && (!isPassing(code) || this.#clock.now() > giveUp)) {
          throw full(names.journalStream, error);
        }
        await rest(RETRY_SECONDS, this.#clock);
      }
    }
  }

  /** Whether the message behind the last known one is this one, whose answer was lost; undefined where nobody says. */
  async #isMine(msgID: string): Promise<boolean | undefined> {
    const { connection, names } = this.#fabric;
    try {
      const next = await connection.manager.streams.getMessage(names.journalStream, { seq: this.#last + 1 });
      return next?.header.get("Nats-Msg-Id") === msgID;
    } catch {
      return undefined;
    }
  }

  #fence(): FencedError {
    const error = new FencedError(
      "Another master writes this cluster's journal: this one stops. Its session goes on there.",
      {},
    );
    this.fenced(error);
    return error;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
  }
}

function full(stream: string, cause: unknown): FabricError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new FabricError(
    `The stream ${stream} takes no more of the journal (${why}): give it room, then start this master again; the session goes on from its last line.`,
    { stream },
    { cause },
  );
}
