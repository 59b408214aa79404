import { defineStateful } from "@graphvm/engine";

type List = readonly unknown[];

interface Mean {
  readonly n: number;
  readonly sum: number;
}

/** The mean of all numbers so far. */
export const average = defineStateful({
  state: (): Mean => ({ n: 0, sum: 0 }),
  next: (s: Mean, x: number): Mean => ({ n: s.n + 1, sum: s.sum + x }),
  value: (s: Mean): number => s.sum / s.n,
});

/** The sum of all numbers so far. */
export const sum = defineStateful({
  state: () => 0,
  next: (total: number, x: number) => total + x,
  value: (total: number) => total,
});

/** How many batches there were. */
export const count = defineStateful({
  state: () => 0,
  next: (n: number, _x: unknown) => n + 1,
  value: (n: number) => n,
});

interface Recorded {
  /** Full blocks, shared from state to state. */
  readonly blocks: readonly List[];
  readonly rest: List;
}

const BLOCK = 256;

/** Every value so far. Blocks keep a batch's cost small however long the stream is; the list is made when it is read. */
export const record = defineStateful({
  state: (): Recorded => ({ blocks: [], rest: [] }),
  next: ({ blocks, rest }: Recorded, x: unknown): Recorded => {
    const more = [...rest, x];
    return more.length < BLOCK ? { blocks, rest: more } : { blocks: [...blocks, more], rest: [] };
  },
  value: ({ blocks, rest }: Recorded): List => Object.freeze(blocks.flat().concat(rest)),
});

/** The last `size` values, fewer at the start. Frozen: it is the state too. */
export const sliding = defineStateful({
  state: (): List => [],
  next: (last: List, size: number, x: unknown): List =>
    Object.freeze([...(last.length < size ? last : last.slice(last.length - size + 1)), x]),
  value: (last: List): List => last,
});

interface Tumbling {
  readonly filling: List;
  readonly full: List | null;
}

/** Values in groups of `size`: the group that this batch fills, and null in between. */
export const tumbling = defineStateful({
  state: (): Tumbling => ({ filling: [], full: null }),
  next: ({ filling }: Tumbling, size: number, x: unknown): Tumbling => {
    const more = Object.freeze([...filling, x]);
    return more.length < size ? { filling: more, full: null } : { filling: [], full: more };
  },
  value: ({ full }: Tumbling): List | null => full,
});

/** The value `back` batches ago, or `fallback` before there is one. */
export const previous = defineStateful({
  state: (): List => [],
  next: (last: List, back: number, fallback: unknown, x: unknown) => {
    const all = [...last, x];
    return all.length > back ? { state: all.slice(1), value: all[0] } : { state: all, value: fallback };
  },
});

/** The last value that was not null, or `fallback` before there is one. */
export const last = defineStateful({
  state: (): List => [],
  next: (held: List, fallback: unknown, x: unknown) => {
    const state = x === null ? held : [x];
    return { state, value: state.length > 0 ? state[0] : fallback };
  },
});

interface Scan {
  readonly begun: boolean;
  readonly value: unknown;
}

/** A reduction that shows every step. */
export const scan = defineStateful({
  state: (): Scan => ({ begun: false, value: null }),
  next: (s: Scan, step: (reduced: unknown, x: unknown) => unknown, init: unknown, x: unknown): Scan => ({
    begun: true,
    value: step(s.begun ? s.value : init, x),
  }),
  value: (s: Scan) => s.value,
});
