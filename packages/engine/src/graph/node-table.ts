import { idToHex } from "../identity/hash128.js";
import { writeNodeId } from "../identity/node-id.js";
import { Ref, type Rule } from "../identity/ref.js";
import { uint32Column } from "./growable.js";
import { ParamStore } from "./param-store.js";

/** A node known by its id alone: its value came from elsewhere and no ref has named it here yet. */
const UNNAMED = 0;

/**
 * Interned nodes: an integer handle for each distinct (namespace, rule, params). Ids lie in one typed array and are
 * found by open addressing over another, so there is no object a node and no limit at 16.7 million.
 */
export class NodeTable {
  size = 0;
  /** Names for people, where refs had one. */
  readonly labels = new Map<number, string>();
  readonly #rules: (Rule | undefined)[] = [undefined];
  readonly #ruleIndex = new Map<Rule, number>();
  readonly #ids = uint32Column();
  readonly #rule = uint32Column();
  readonly #params = new ParamStore();
  #slots = new Uint32Array(2048); // handle + 1; 0 is free

  /** The node a ref names; a new node where there was none. */
  intern(ref: Ref): number {
    const node = this.#place(ref.words, ref);
    if (this.#rule.data[node] === UNNAMED) {
      this.#rule.data[node] = this.#indexOf(ref.rule);
      this.#params.set(node, ref.params);
    }
    if (ref.label !== undefined) this.labels.set(node, ref.label);
    return node;
  }

  /** Puts a rule in the place of the one with its name. Whether there was one, and its text was another. */
  redefine(rule: Rule): boolean {
    const index = this.#rules.findIndex((each) => each?.ns === rule.ns && each.name === rule.name);
    if (index < 0) return false;
    const before = this.#rules[index]!;
    this.#rules[index] = rule;
    this.#ruleIndex.set(rule, index);
    return before !== rule && (before.text === undefined || before.text() !== rule.text?.());
  }

  /** The node with that id; a new, unnamed one where there was none. */
  internId(words: Uint32Array): number {
    return this.#place(words, undefined);
  }

  /** The node with that id, or -1. */
  find(words: Uint32Array): number {
    const mask = this.#slots.length - 1;
    for (let slot = words[0]! & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!;
      if (entry === 0) return -1;
      if (this.#equal((entry - 1) * 4, words)) return entry - 1;
    }
  }

  /** The ref of a node, or undefined where only its id is known. */
  ref(node: number): Ref | undefined {
    const rule = this.#rules[this.#rule.data[node]!];
    if (!rule) return undefined;
    const ref = new Ref(rule, this.#params.get(node));
    ref.words = this.idWords(node);
    return ref;
  }

  rule(node: number): Rule | undefined {
    return this.#rules[this.#rule.data[node]!];
  }

  params(node: number): readonly unknown[] {
    return this.#rule.data[node] === UNNAMED ? [] : this.#params.get(node);
  }

  /** Bytes in columns; what params hold as objects is not known. */
  get bytes(): number {
    return this.#ids.bytes + this.#rule.bytes + this.#params.bytes + this.#slots.byteLength;
  }

  idWords(node: number): Uint32Array {
    return this.#ids.data.slice(node * 4, node * 4 + 4);
  }

  idHex(node: number): string {
    return idToHex(this.#ids.data, node * 4);
  }

  /** The id goes first into the place of the next new node; it stays there only if it is new. */
  #place(words: Uint32Array | undefined, ref: Ref | undefined): number {
    const ids = this.#ids;
    ids.reserve(4);
    const at = ids.length;
    if (words) ids.data.set(words, at);
    else writeNodeId(ref!, ids.data, at);
    const mask = this.#slots.length - 1;
    let slot = ids.data[at]! & mask;
    for (let entry = this.#slots[slot]!; entry !== 0; entry = this.#slots[slot]!) {
      if (this.#same((entry - 1) * 4, at)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    ids.length += 4;
    this.#rule.push(UNNAMED);
    const node = this.size++;
    this.#slots[slot] = node + 1;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    return node;
  }

  #same(a: number, b: number): boolean {
    const ids = this.#ids.data;
    return ids[a] === ids[b] && ids[a + 1] === ids[b + 1] && ids[a + 2] === ids[b + 2] && ids[a + 3] === ids[b + 3];
  }

  #equal(a: number, words: Uint32Array): boolean {
    const ids = this.#ids.data;
    return ids[a] === words[0] && ids[a + 1] === words[1] && ids[a + 2] === words[2] && ids[a + 3] === words[3];
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let node = 0; node < this.size; node++) {
      let slot = this.#ids.data[node * 4]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = node + 1;
    }
    this.#slots = slots;
  }

  #indexOf(rule: Rule): number {
    let index = this.#ruleIndex.get(rule);
    if (index === undefined) {
      index = this.#rules.push(rule) - 1;
      this.#ruleIndex.set(rule, index);
    }
    return index;
  }
}
