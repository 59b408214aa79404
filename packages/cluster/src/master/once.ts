import type { CallKey } from "../rpc/peer.js";

/** Clients whose last calls are remembered, besides those that left in order. */
const MOST_CLIENTS = 100;

/**
 * Makes a call that changes the session happen once, however often its client sends it: who lost the link before the answer
 * came sends it again. An answer is kept until the client says that it has it.
 */
export class OnceCalls {
  readonly #clients = new Map<string, Map<number, Promise<unknown>>>();

  run<T>(client: string, [number, answered]: CallKey, work: () => Promise<T>): Promise<T> {
    const calls = this.#clients.get(client) ?? new Map<number, Promise<unknown>>();
    this.#clients.delete(client);
    this.#clients.set(client, calls); // the last of them is the one that was heard last
    for (const each of calls.keys()) if (each < answered) calls.delete(each);
    let answer = calls.get(number);
    if (!answer) {
      answer = work();
      answer.catch(() => {});
      calls.set(number, answer);
      this.#forgetOldest();
    }
    return answer as Promise<T>;
  }

  /** The client left in order. */
  forget(client: string): void {
    this.#clients.delete(client);
  }

  #forgetOldest(): void {
    if (this.#clients.size <= MOST_CLIENTS) return;
    for (const client of this.#clients.keys()) {
      this.#clients.delete(client);
      return;
    }
  }
}
