/** The most bytes an attachment may have. */
export const MAX_ATTACHMENT = 4 * 1024 * 1024;

/** Plain data: JSON values, typed arrays, and objects and arrays of them. As in JSON, -0 may arrive as 0. */
export type Message = { readonly [key: string]: unknown };

/**
 * A duplex link between two peers. The promises every implementation keeps, held by one contract suite:
 *
 * - Messages arrive whole, in order and at most once. Sending never throws and never blocks; after the link has closed,
 *   what is sent is dropped.
 * - A message may have an attachment: bytes that travel raw beside it, up to `MAX_ATTACHMENT`, and arrive with it.
 * - Messages that arrive before `onMessage` is called wait for it.
 * - When either side closes or dies, `onClose` is called once on both, after the last message that arrived. A link that
 *   closed already calls it at once.
 * - A message is not changed after it was sent; whether the receiver gets a copy or the same object is open. So for bytes.
 * - What was sent waits in memory until the other side takes it. Who sends much asks `drained` before it sends more: it
 *   settles once little is waiting, or the link has closed.
 */
export interface Transport {
  send(message: Message, attachment?: Uint8Array): void;
  onMessage(listener: MessageListener): void;
  /** `reason` is what went wrong, or undefined where the link was closed on purpose. */
  onClose(listener: (reason: Error | undefined) => void): void;
  drained(): Promise<void>;
  close(): void;
}

export type MessageListener = (message: Message, attachment?: Uint8Array) => void;

/** Keeps the promises of `onMessage` and `onClose` for the implementations. */
export class Inbox {
  #listener: MessageListener | undefined;
  #waiting: (readonly [Message, Uint8Array | undefined])[] = [];
  #closeListeners: ((reason: Error | undefined) => void)[] = [];
  #closed: { reason: Error | undefined } | undefined;

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  deliver(message: Message, attachment?: Uint8Array): void {
    if (this.#closed) return;
    if (this.#listener) this.#listener(message, attachment);
    else this.#waiting.push([message, attachment]);
  }

  onMessage(listener: MessageListener): void {
    this.#listener = listener;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [message, attachment] of waiting) listener(message, attachment);
  }

  close(reason: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = { reason };
    for (const listener of this.#closeListeners) listener(reason);
    this.#closeListeners = [];
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    if (this.#closed) listener(this.#closed.reason);
    else this.#closeListeners.push(listener);
  }
}
