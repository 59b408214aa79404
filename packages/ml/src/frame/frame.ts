import { type Pairs, type Ref, shuffler } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { BadOptionError } from "../errors.js";
import { ds } from "../rules/ds.js";
import type { Aggregates } from "../verbs/group-by.js";
import type { JoinOptions } from "../verbs/join.js";
import type { SortKey } from "../verbs/order-by.js";
import { checkPipes, type Parts } from "./partition.js";
import { frames } from "./rules.js";

/** Into how many blocks a result is cut: as many as there were, but 8 at most, by default. */
export interface BlockCount {
  readonly blocks?: number;
}

/** Pipes of a shuffle that nobody gave a number for: each costs a job. */
const MOST_PIPES = 8;

/**
 * A table in blocks, which are nodes of a graph: nothing is computed before it is asked for, each block on some worker, and
 * values beyond the workers' memory limit go to disk. Blocks have the same columns. Every method gives another frame;
 * results depend on the blocks and their order, never on who computes them.
 *
 * @example
 * const payments = frame(await csvBlocks("payments.csv", { blockSize: "64 MB" }));
 * const perType = payments.filter("amount > 0").groupBy(["type"], { n: "count", mean: ["mean", "amount"] });
 * const table = await session.calc(perType.table(), { cut: ["ds.csvBlock", "frames.grouped"] });
 */
export class DistributedFrame {
  /** One ref a block, in order. */
  readonly blocks: readonly Ref<Table>[];

  /** @throws BadOptionError without a block. */
  constructor(blocks: readonly Ref<Table>[]) {
    if (blocks.length === 0) {
      throw new BadOptionError("A frame has one block or more; an empty table is one too.", { option: "blocks" });
    }
    this.blocks = blocks;
  }

  /** Each block through a rule; give all of them the same columns. */
  mapBlocks(map: (block: Ref<Table>) => Ref<Table>): DistributedFrame {
    return new DistributedFrame(this.blocks.map((block) => map(block)));
  }

  /** The named columns. */
  select(columns: readonly string[]): DistributedFrame {
    return this.mapBlocks((block) => ds.select(block, columns));
  }

  /** The rows for which a SQL condition holds. */
  filter(where: string): DistributedFrame {
    return this.mapBlocks((block) => ds.filter(block, where));
  }

  /** Columns computed by SQL expressions. */
  derive(columns: { readonly [name: string]: string }): DistributedFrame {
    return this.mapBlocks((block) => ds.derive(block, columns));
  }

  /**
   * A row for each combination of the keys: a key is in one block, by its hash, and each block is sorted by key. Blocks
   * are aggregated by themselves first, unless a median, std, var or distinct needs all rows of a group in one place. A
   * sum of float64 is that of the sums of blocks: it may differ in the last digit from the sum in one piece.
   */
  groupBy(keys: readonly string[], aggregates: Aggregates, options: BlockCount = {}): DistributedFrame {
    const pipes = keys.length === 0 ? 1 : this.#pipes(options);
    const mapped = this.blocks.map((block) => frames.groups(block, keys, aggregates, pipes));
    return new DistributedFrame(shuffled(mapped, pipes).map((pipe) => frames.grouped(pipe, keys, aggregates)));
  }

  /**
   * Rows that have equal keys in both. A table goes to every block as it is, and rows keep their places: that is the way
   * for what fits in memory. With another frame both are shuffled by the hash of the keys, and rows are in this frame's
   * order within each block.
   */
  join(other: DistributedFrame | Ref<Table>, options: JoinOptions & BlockCount): DistributedFrame {
    const { blocks, ...how } = options;
    if (!(other instanceof DistributedFrame)) return this.mapBlocks((block) => ds.join(block, other, how));
    const pipes = this.#pipes(blocks === undefined ? {} : { blocks });
    const left = this.#byHash(
      how.on.map((key) => (typeof key === "string" ? key : key[0])),
      pipes,
    );
    const right = other.#byHash(
      how.on.map((key) => (typeof key === "string" ? key : key[1])),
      pipes,
    );
    return new DistributedFrame(left.map((pipe, i) => frames.joined(pipe, right[i]!, how)));
  }

  /**
   * All rows sorted, block after block; equal rows keep their order. Where to cut is found from a sample of each block,
   * the same each time.
   */
  sortBy(by: readonly SortKey[], options: BlockCount = {}): DistributedFrame {
    const pipes = this.#pipes(options);
    const samples = this.blocks.map((block) => frames.samples(block, by, pipes));
    const bounds = frames.bounds(samples, by, pipes);
    const mapped = this.blocks.map((block) => frames.byRange(block, by, bounds, pipes));
    return new DistributedFrame(shuffled(mapped, pipes).map((pipe) => frames.sorted(pipe, by)));
  }

  /** Other blocks of the same rows: of equal length and in order, or with `by` so that equal keys are in one block. */
  repartition(blocks: number, by?: readonly string[]): DistributedFrame {
    const pipes = checkPipes(blocks);
    if (by !== undefined) return gathered(this.#byHash(by, pipes));
    const counts = frames.list(this.blocks.map((block) => frames.rows(block)));
    const mapped = this.blocks.map((block, at) => frames.spread(block, at, counts, pipes));
    return gathered(shuffled(mapped, pipes));
  }

  /** All blocks as one table. */
  table(): Ref<Table> {
    return ds.concat(this.blocks);
  }

  #byHash(keys: readonly string[], pipes: number) {
    return shuffled(
      this.blocks.map((block) => frames.byHash(block, keys, pipes)),
      pipes,
    );
  }

  #pipes({ blocks }: BlockCount): number {
    return checkPipes(blocks ?? Math.min(this.blocks.length, MOST_PIPES));
  }
}

/** A frame of these blocks. */
export function frame(blocks: readonly Ref<Table>[]): DistributedFrame {
  return new DistributedFrame(blocks);
}

function shuffled(mapped: readonly Ref<Parts>[], pipes: number) {
  const numbers = Array.from({ length: pipes }, (_, pipe) => pipe);
  return shuffler(numbers)(mapped as readonly Ref<Pairs<number, Table>>[]);
}

function gathered(pipes: ReturnType<typeof shuffled>): DistributedFrame {
  return new DistributedFrame(pipes.map((pipe) => frames.gathered(pipe)));
}
