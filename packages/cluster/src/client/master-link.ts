import { randomUUID } from "node:crypto";
import type * as v from "valibot";
import { OtherSessionError } from "../errors.js";
import { type CallKey, checkedAnswer, Peer } from "../rpc/peer.js";
import type { Clock } from "../transport/clock.js";
import { redial } from "../transport/redial.js";
import type { Transport } from "../transport/transport.js";

/** Calls that change the session: they get a number, so that one that is sent twice happens once. */
const CHANGING: ReadonlySet<string> = new Set([
  "load",
  "remoteEval",
  "addRules",
  "initGraph",
  "dispatchJobs",
  "cancel",
  "setRecording",
  "clearRecording",
  "restart",
]);

/** Nobody is left to answer it: a link that is lost may mean that it was obeyed. */
const NEVER_TWICE: ReadonlySet<string> = new Set(["endCluster"]);

/** What a master says of itself. */
export interface Hello {
  readonly session: string;
}

/** How a client reaches its master. */
export interface LinkOptions<H extends Hello> {
  readonly url: string;
  dial(): Promise<Transport>;
  /** Lets go of what dialling needs, once nothing is dialled any more. */
  release?(): Promise<void>;
  /** Makes oneself known over a new link. */
  greet(peer: Peer, client: string): Promise<H>;
  /** For how long a lost link is dialled again, in seconds. */
  readonly reconnectSeconds: number;
  readonly clock: Clock;
}

interface Pending {
  readonly method: string;
  readonly params: unknown;
  readonly number: number | undefined;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * A client's link to its master, which outlives connections: where one is lost other than by an orderly end it is dialled
 * again, and calls without an answer are sent again, in their order. The master must be of the same session.
 */
export class MasterLink<H extends Hello = Hello> {
  readonly hello: H;
  readonly #options: LinkOptions<H>;
  readonly #client: string;
  readonly #pending = new Set<Pending>();
  readonly #events = new Map<string, (data: unknown) => void>();
  readonly #told = new Map<string, unknown>();
  readonly #closing = new AbortController();
  #peer: Peer | undefined;
  #over: Error | undefined;
  #next = 1;

  private constructor(options: LinkOptions<H>, client: string, peer: Peer, hello: H) {
    this.#options = options;
    this.#client = client;
    this.hello = hello;
    this.#use(peer);
  }

  /** @throws what dialling and greeting throw: only a link that was there once is dialled again. */
  static async open<H extends Hello>(options: LinkOptions<H>): Promise<MasterLink<H>> {
    const client = randomUUID();
    const { peer, hello } = await connectOnce(options, client);
    return new MasterLink(options, client, peer, hello);
  }

  call<T = unknown>(method: string, params: unknown = {}): Promise<T> {
    if (this.#over) return Promise.reject(this.#over);
    return new Promise<T>((resolve, reject) => {
      const number = CHANGING.has(method) ? this.#next++ : undefined;
      const pending: Pending = { method, params, number, resolve: resolve as (value: unknown) => void, reject };
      this.#pending.add(pending);
      if (this.#peer) this.#send(this.#peer, pending);
    });
  }

  /** Calls the master, whose answer must be of a form. @throws BadAnswerError where it is not. */
  async ask<S extends v.GenericSchema>(method: string, params: unknown, schema: S): Promise<v.InferOutput<S>> {
    return checkedAnswer(`master at ${this.#options.url}`, method, await this.call(method, params), schema);
  }

  on(event: string, listener: (data: unknown) => void): void {
    this.#events.set(event, listener);
    this.#peer?.on(event, listener);
  }

  /** Tells the master something that lasts: over each new link it is told again. */
  emit(event: string, data: unknown): void {
    this.#told.set(event, data);
    this.#peer?.emit(event, data);
  }

  close(): void {
    this.#closing.abort();
    this.#peer?.close();
  }

  #use(peer: Peer): void {
    this.#peer = peer;
    for (const [event, listener] of this.#events) peer.on(event, listener);
    peer.onClose((reason) => {
      this.#peer = undefined;
      // a link that was closed on purpose has no reason
      const again = reason !== undefined && this.#options.reconnectSeconds > 0 && !this.#closing.signal.aborted;
      if (again) void this.#reconnect(peer);
      else this.#end(peer.lost!);
    });
    for (const [event, data] of this.#told) peer.emit(event, data);
    for (const pending of this.#pending) this.#send(peer, pending);
  }

  #send(peer: Peer, pending: Pending): void {
    const { method, params, number } = pending;
    const key: CallKey | undefined = number === undefined ? undefined : [number, this.#answered()];
    peer.call(method, params, key).then(
      (value) => {
        this.#pending.delete(pending);
        pending.resolve(value);
      },
      (error: unknown) => {
        const lost = error === peer.lost && !this.#over && !NEVER_TWICE.has(method);
        if (!lost) this.#drop(pending, error);
      },
    );
  }

  /** Below this number every call has its answer. */
  #answered(): number {
    for (const { number } of this.#pending) if (number !== undefined) return number;
    return this.#next;
  }

  async #reconnect(lost: Peer): Promise<void> {
    const { reconnectSeconds: seconds, clock } = this.#options;
    const signal = this.#closing.signal;
    try {
      const { peer, hello } = await redial(() => connectOnce(this.#options, this.#client), { seconds, clock, signal });
      if (signal.aborted) peer.close();
      if (hello.session !== this.hello.session) {
        peer.close();
        this.#end(otherSession(this.#options.url));
      } else this.#use(peer);
    } catch {
      this.#end(lost.lost!);
    }
  }

  #end(error: Error): void {
    this.#over = error;
    this.#options.release?.().catch(() => {}); // nobody is left to tell
    for (const pending of this.#pending) this.#drop(pending, error);
  }

  #drop(pending: Pending, error: unknown): void {
    this.#pending.delete(pending);
    pending.reject(error);
  }
}

async function connectOnce<H extends Hello>(
  options: LinkOptions<H>,
  client: string,
): Promise<{ peer: Peer; hello: H }> {
  const peer = new Peer(await options.dial(), {}, `master at ${options.url}`);
  try {
    return { peer, hello: await options.greet(peer, client) };
  } catch (error) {
    peer.close();
    throw error;
  }
}

function otherSession(url: string): OtherSessionError {
  return new OtherSessionError(
    `The master at ${url} is another one than before: its session knows nothing of this one's programs and jobs. Connect anew.`,
    { url },
  );
}
