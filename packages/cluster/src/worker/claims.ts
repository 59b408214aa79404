/** How many jobs may stand in a thread at once. */
const SLOTS = 64;

const WAITING = 0;
const BEGUN = 1;
const TAKEN = 2;

/**
 * Who has a job that stands in a thread: the thread, once it has begun it, or the host, which may take it back until then,
 * also while the thread is busy and reads no messages. One word of shared memory a job.
 */
export class Claims {
  /** What the thread is told. */
  readonly words = new Int32Array(new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT));
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => SLOTS - 1 - slot);

  /** A place for a job; undefined where all are in use. */
  open(): Claim | undefined {
    const slot = this.#free.pop();
    if (slot === undefined) return undefined;
    Atomics.store(this.words, slot, WAITING);
    return {
      slot,
      take: () => Atomics.compareExchange(this.words, slot, WAITING, TAKEN) === WAITING,
      close: () => void this.#free.push(slot),
    };
  }
}

/** A job's place among those of its thread. */
export interface Claim {
  readonly slot: number;
  /** Takes the job back; false where the thread has begun it. */
  take(): boolean;
  /** The thread has answered: nobody asks any more. */
  close(): void;
}

/** The thread begins a job; false where it was taken back. */
export function begin(words: Int32Array, slot: number): boolean {
  return Atomics.compareExchange(words, slot, WAITING, BEGUN) === WAITING;
}
