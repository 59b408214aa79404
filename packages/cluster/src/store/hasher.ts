import { Peer } from "../rpc/peer.js";
import { startThread, type ThreadHost } from "../thread/thread-host.js";
import { sha256Now } from "./pieces.js";

/** A value of fewer bytes than this is hashed sooner than a thread has started. */
const WORTH_A_THREAD = 16 * 1024 * 1024;

/**
 * Hashes pieces of values while others arrive: in a thread of its own, once a value came that was worth one. Until that has
 * started, and where it died, this thread does it.
 */
export class Hasher {
  #thread: ThreadHost | undefined;
  #peer: Peer | undefined;
  #closed = false;

  /** @param bytes In shared memory, of a value of that size. */
  async sha256(bytes: Uint8Array, size: number): Promise<string> {
    const peer = this.#peer;
    if (peer) return peer.call<string>("sha256", { bytes }).catch(() => sha256Now(bytes));
    if (size >= WORTH_A_THREAD) this.#start();
    return sha256Now(bytes);
  }

  close(): void {
    this.#closed = true;
    this.#peer = undefined;
    void this.#thread?.kill();
  }

  #start(): void {
    if (this.#thread || this.#closed) return;
    const thread = startThread(new URL("./hash-thread.js", import.meta.url));
    this.#thread = thread;
    const peer = new Peer(thread.transport, {}, "hashing thread");
    thread.transport.onClose(() => {
      if (this.#peer === peer) this.#peer = undefined;
    });
    const none = new Uint8Array();
    peer.call("sha256", { bytes: none }).then(
      () => {
        if (!this.#closed) this.#peer = peer;
      },
      () => {},
    );
  }
}
