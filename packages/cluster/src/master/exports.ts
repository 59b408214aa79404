/** A value that a rule let out of its plane. */
export interface Exported {
  readonly id: string;
  readonly rule: string;
  readonly plane: string;
  /** Of its encoding; null where the value is never copied, and leaves only with who asks for it. */
  readonly bytes: number | null;
  readonly digest: string;
  /** Its job's place among all. */
  readonly order: number;
}

/** How much left a plane through rules. */
export interface PlaneExports {
  readonly values: number;
  readonly bytes: number;
}

/** What left planes through rules, and what of it no line of the journal says yet. A value counts once in a graph. */
export class Exports {
  readonly #known = new Set<string>();
  #pending: Exported[] = [];
  readonly #planes = new Map<string, PlaneExports>();

  /** A value may leave from now on. */
  add(value: Exported): void {
    if (!this.#note(value)) return;
    this.#pending.push(value);
  }

  /** Its line is in the journal. */
  written(value: Exported): void {
    this.#note(value);
    this.#pending = this.#pending.filter(({ id, digest }) => id !== value.id || digest !== value.digest);
  }

  /** Whether any waits for its line. */
  get waiting(): boolean {
    return this.#pending.length > 0;
  }

  /** Those that no line says yet, in the order of their jobs. */
  unwritten(): Exported[] {
    return this.#pending.toSorted((a, b) => a.order - b.order);
  }

  /** By plane, in this session. */
  planes(): { readonly [plane: string]: PlaneExports } {
    return Object.fromEntries(this.#planes);
  }

  /** The graph was emptied: what is computed anew leaves anew. */
  emptied(): void {
    this.#known.clear();
  }

  #note({ id, digest, plane, bytes }: Exported): boolean {
    const key = `${id} ${digest}`;
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    const before = this.#planes.get(plane) ?? { values: 0, bytes: 0 };
    this.#planes.set(plane, { values: before.values + 1, bytes: before.bytes + (bytes ?? 0) });
    return true;
  }
}
