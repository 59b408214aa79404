/** For so many bytes of rules' names there is room; of a rule beyond that the name is not known. */
const BYTES = 64 * 1024;
/** Where the names begin: before them stands where the present one is, 0 for none. */
const HEAD = 4;

interface Named {
  readonly ns: string;
  readonly name: string;
}

/**
 * The rule that a planner thread expands, in memory that it shares with the master: a thread that is caught in a rule answers
 * nothing, and this can be read all the same. Costs a lookup and a store for each node.
 */
export class NowExpanding {
  readonly #now: Int32Array;
  readonly #names: Uint8Array;
  readonly #places = new Map<Named, number>();
  #end = HEAD;

  constructor(memory: SharedArrayBuffer) {
    this.#now = new Int32Array(memory, 0, 1);
    this.#names = new Uint8Array(memory);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(BYTES);
  }

  /** Runs something for a rule. */
  while<T>(rule: Named, work: () => T): T {
    Atomics.store(this.#now, 0, this.#places.get(rule) ?? this.#write(rule));
    try {
      return work();
    } finally {
      Atomics.store(this.#now, 0, 0);
    }
  }

  /** The rule of the moment, as the other side wrote it. */
  get rule(): string | undefined {
    const at = Atomics.load(this.#now, 0);
    if (at <= 0) return undefined;
    const length = this.#names[at]! * 256 + this.#names[at + 1]!;
    return Buffer.from(this.#names.slice(at + 2, at + 2 + length)).toString("utf8");
  }

  #write(rule: Named): number {
    const name = Buffer.from(`${rule.ns}.${rule.name}`.slice(0, 400), "utf8");
    const at = this.#end;
    const fits = at + 2 + name.length <= BYTES;
    if (fits) {
      this.#names.set([name.length >> 8, name.length & 0xff], at);
      this.#names.set(name, at + 2);
      this.#end += 2 + name.length;
    }
    this.#places.set(rule, fits ? at : 0);
    return fits ? at : 0;
  }
}
