import { MasterEndingError } from "../errors.js";
import type { Peer } from "../rpc/peer.js";
import type { Clock } from "../transport/clock.js";
import type { JobRunner } from "./job-runner.js";

/** How long whoever waited has to fetch values from a master that ends, in seconds. */
const LINGER = 2;

/** A master on its way to a good end: takes no new work, lets jobs finish, and who waited for them have their values. */
export class Draining {
  #begun = false;
  /** Clients whose `wait` has no answer yet. */
  readonly #waiting = new Set<Peer>();
  #lingering: { readonly waited: Set<Peer>; end(): void } | undefined;

  get begun(): boolean {
    return this.#begun;
  }

  /** From now on there is no new work. */
  begin(): void {
    this.#begun = true;
  }

  /** @throws MasterEndingError once it has begun. */
  refuse(): void {
    if (!this.#begun) return;
    throw new MasterEndingError(
      "The master is ending and takes no new work: what runs may finish. Use another master, or start it again.",
      {},
    );
  }

  /** Somebody waits for jobs. */
  async waiting<T>(peer: Peer, wait: () => Promise<T>): Promise<T> {
    this.#waiting.add(peer);
    try {
      return await wait();
    } finally {
      this.#waiting.delete(peer);
    }
  }

  /** A client went away. */
  left(peer: Peer): void {
    const { waited, end } = this.#lingering ?? {};
    if (waited?.delete(peer) && waited.size === 0) end?.();
  }

  /** Starts no job any more. Settles when what runs has ended, and whoever waited for it is gone or had its time. */
  async drain(runner: JobRunner, clock: Clock): Promise<void> {
    this.begin();
    const waited = new Set(this.#waiting);
    await runner.drained();
    if (waited.size === 0 || runner.busy) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(LINGER, resolve);
      const end = (): void => {
        cancel();
        resolve();
      };
      this.#lingering = { waited, end };
    });
  }
}
