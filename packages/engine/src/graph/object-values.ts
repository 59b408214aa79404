import { encodeValue } from "../codec/codec.js";
import { decodeValue } from "../codec/read-value.js";
import { UnencodableValueError } from "../errors.js";
import { ChunkedList } from "./growable.js";
import { sizeOf } from "./size-of.js";
import type { SpillFolder } from "./spill-folder.js";

interface Held {
  readonly value: unknown;
  readonly bytes: number;
}

interface Spilled {
  readonly at: number;
  readonly length: number;
}

/**
 * Values that are objects. Without a budget they are just kept; with one, those asked for longest ago are encoded into the
 * spill folder. A value that can't be encoded stays.
 */
export class ObjectValues {
  readonly #plain = new ChunkedList<unknown>();
  /** In the order of last use: a Map keeps it. */
  readonly #held = new Map<number, Held>();
  readonly #spilled = new Map<number, Spilled>();
  readonly #budget: number | undefined;
  readonly #folder: SpillFolder | undefined;
  #stuck = new Set<number>();
  bytes = 0;
  spilledBytes = 0;

  constructor(budget?: number, folder?: SpillFolder) {
    this.#budget = budget;
    this.#folder = folder;
  }

  set(node: number, value: unknown): void {
    if (this.#budget === undefined) {
      this.#plain.set(node, value);
      return;
    }
    this.delete(node);
    this.#hold(node, value);
  }

  get(node: number): unknown {
    if (this.#budget === undefined) return this.#plain.get(node);
    const held = this.#held.get(node);
    if (held) {
      this.#held.delete(node);
      this.#held.set(node, held);
      return held.value;
    }
    const spilled = this.#spilled.get(node);
    if (!spilled) return undefined;
    const value = decodeValue(this.#folder!.readObject(spilled.at, spilled.length));
    this.#spilled.delete(node);
    this.spilledBytes -= spilled.length;
    this.#hold(node, value);
    return value;
  }

  delete(node: number): void {
    if (this.#budget === undefined) {
      this.#plain.set(node, undefined);
      return;
    }
    const held = this.#held.get(node);
    if (held) this.bytes -= held.bytes;
    this.#held.delete(node);
    this.#stuck.delete(node);
    const spilled = this.#spilled.get(node);
    if (spilled) this.spilledBytes -= spilled.length;
    this.#spilled.delete(node);
  }

  #hold(node: number, value: unknown): void {
    const bytes = sizeOf(value);
    this.bytes += bytes;
    this.#held.set(node, { value, bytes });
    for (const [coldest, held] of this.#held) {
      if (this.bytes <= this.#budget! || coldest === node) return;
      if (!this.#stuck.has(coldest)) this.#spill(coldest, held);
    }
  }

  #spill(node: number, held: Held): void {
    let encoded: Uint8Array;
    try {
      encoded = encodeValue(held.value);
    } catch (error) {
      if (!(error instanceof UnencodableValueError)) throw error;
      this.#stuck.add(node);
      return;
    }
    this.#spilled.set(node, { at: this.#folder!.writeObject(encoded), length: encoded.length });
    this.spilledBytes += encoded.length;
    this.#held.delete(node);
    this.bytes -= held.bytes;
  }
}
