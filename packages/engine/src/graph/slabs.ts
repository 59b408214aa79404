const SLAB_BITS = 17;
/** Doubles in a slab: 1 MB. */
export const SLAB = 1 << SLAB_BITS;

/** Where slabs go that memory has no room for. */
export interface SlabSpill {
  write(slab: number, data: Float64Array): void;
  read(slab: number): Float64Array;
}

/**
 * Doubles in slabs of 1 MB, outside the heap. A slab goes when nothing in it is needed any more; room inside one is never
 * used again, because views of it may be in somebody's hands. With a limit on slabs in memory, the one that was used
 * longest ago goes to the spill.
 */
export class Slabs {
  readonly #slabs: (Float64Array | undefined)[] = [];
  readonly #used: number[] = [];
  readonly #dirty: boolean[] = [];
  /** How many values in each slab are needed. */
  readonly #live: number[] = [];
  readonly #dead: number[] = [];
  readonly #spill: SlabSpill | undefined;
  readonly #limit: number;
  #inMemory = 0;
  #current = -1;
  #free = SLAB;
  #clock = 0;

  constructor(limit = Number.POSITIVE_INFINITY, spill?: SlabSpill) {
    this.#limit = limit;
    this.#spill = spill;
  }

  get bytes(): number {
    return this.#inMemory * SLAB * 8;
  }

  get spilledBytes(): number {
    return (this.#slabs.length - this.#dead.length - this.#inMemory) * SLAB * 8;
  }

  /** Room for `length` doubles in one slab. */
  place(length: number): number {
    if (this.#free + length > SLAB) this.#open();
    const at = this.#current * SLAB + this.#free;
    this.#free += length;
    this.#live[this.#current]!++;
    return at;
  }

  /** What lies there is not needed any more. */
  release(at: number): void {
    const index = at >>> SLAB_BITS;
    if (--this.#live[index]! > 0 || index === this.#current) return;
    this.#drop(index);
  }

  setNumber(at: number, value: number): void {
    this.#writable(at)[at & (SLAB - 1)] = value;
  }

  getNumber(at: number): number {
    return this.#slab(at >>> SLAB_BITS)[at & (SLAB - 1)]!;
  }

  setVector(at: number, value: Float64Array): void {
    this.#writable(at).set(value, at & (SLAB - 1));
  }

  getVector(at: number, length: number): Float64Array {
    const from = at & (SLAB - 1);
    return this.#slab(at >>> SLAB_BITS).subarray(from, from + length);
  }

  clear(): void {
    this.#slabs.length = 0;
    this.#inMemory = 0;
    this.#free = SLAB;
    this.#current = -1;
    this.#dead.length = 0;
    this.#live.length = 0;
  }

  /** Begins another slab, in the place of one that is gone where there is one. */
  #open(): void {
    this.#makeRoom();
    const before = this.#current;
    const index = this.#dead.pop() ?? this.#slabs.length;
    this.#slabs[index] = new Float64Array(SLAB);
    this.#used[index] = this.#clock++;
    this.#dirty[index] = true;
    this.#live[index] = 0;
    this.#inMemory++;
    this.#free = 0;
    this.#current = index;
    if (before >= 0 && this.#live[before] === 0) this.#drop(before);
  }

  #drop(index: number): void {
    if (this.#slabs[index]) this.#inMemory--;
    this.#slabs[index] = undefined;
    this.#dead.push(index);
  }

  #writable(at: number): Float64Array {
    const index = at >>> SLAB_BITS;
    this.#dirty[index] = true;
    return this.#slab(index);
  }

  #slab(index: number): Float64Array {
    const slab = this.#slabs[index];
    if (this.#spill) this.#used[index] = this.#clock++;
    return slab ?? this.#bringBack(index);
  }

  #bringBack(index: number): Float64Array {
    this.#makeRoom();
    const slab = this.#spill!.read(index);
    this.#slabs[index] = slab;
    this.#dirty[index] = false;
    this.#inMemory++;
    return slab;
  }

  #makeRoom(): void {
    while (this.#inMemory >= this.#limit) {
      let coldest = -1;
      for (let i = 0; i < this.#slabs.length; i++) {
        if (this.#slabs[i] && i !== this.#current && (coldest < 0 || this.#used[i]! < this.#used[coldest]!))
          coldest = i;
      }
      if (coldest < 0) return;
      if (this.#dirty[coldest]) this.#spill!.write(coldest, this.#slabs[coldest]!);
      this.#slabs[coldest] = undefined;
      this.#inMemory--;
    }
  }
}
