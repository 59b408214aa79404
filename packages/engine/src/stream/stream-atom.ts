import { AtomContext, type AtomSession, type NodeWords } from "../atom/current-atom.js";
import type { ReadKind } from "../atom/undeclared-reads.js";
import { createRandom, type Random } from "../random.js";

/** The batch number of what runs before the first batch: a stateful atom's `state()`. */
export const BEFORE_FIRST = -1;

/**
 * The atom that is running in a stream. Its generator is seeded from (session seed, node id, batch number), so that a
 * batch draws the same numbers however the stream got there. One instance serves every synchronous atom of a stream.
 */
export class StreamAtom extends AtomContext {
  readonly #nodes: NodeWords;
  #node: number;
  #batch: number;
  #random: Random | undefined;
  #ticks = 0;

  constructor(session: AtomSession, nodes: NodeWords, node = 0, batch = BEFORE_FIRST) {
    super(session, nodes, node);
    this.#nodes = nodes;
    this.#node = node;
    this.#batch = batch;
  }

  /** From here on this is that node in that batch. */
  reset(node: number, batch: number): void {
    this.#node = node;
    this.#batch = batch;
    this.#random = undefined;
    this.#ticks = 0;
    this.forgetPaths();
  }

  override found(kind: ReadKind, what: string): void {
    this.session.reads?.add(this.#node, kind, what);
  }

  override get random(): Random {
    if (!this.#random) {
      const seed = new Uint32Array(8);
      seed.set(this.#nodes.idWords(this.#node));
      const view = new DataView(seed.buffer);
      view.setFloat64(16, this.session.seed, true);
      view.setFloat64(24, this.#batch, true);
      this.#random = createRandom(seed);
    }
    return this.#random;
  }

  override now(): number {
    return this.session.epoch + this.#ticks++;
  }
}
