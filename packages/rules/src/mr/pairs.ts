import { ByteWriter, hash128, writeValue } from "@graphvm/engine/internal";

/** What can be a key: values that are equal when they look equal. */
export type Key = string | number | bigint | boolean;

/** Keyed values, in order. */
export type Pairs<K extends Key, V> = readonly (readonly [key: K, value: V])[];

/** Each key once, in the order of its first appearance, with all its values in order. */
export type Groups<K extends Key, V> = readonly (readonly [key: K, values: readonly V[]])[];

const scratch = new ByteWriter();
const words = new Uint32Array(4);

/** Which of `pipes` a key goes to: a hash of the key, so no scan of the data is needed first. */
export function pipeOf(key: Key, pipes: number): number {
  scratch.reset();
  writeValue(scratch, key === 0 ? 0 : key, "digest"); // -0 and 0 are one key
  hash128(scratch.buffer, scratch.length, words);
  return words[0]! % pipes;
}

/** Parts one for each key of `keys`; pairs with other keys are dropped. */
export function splitByKeys<K extends Key, V>(keys: readonly K[], pairs: Pairs<K, V>): Pairs<K, V>[] {
  const index = new Map(keys.map((key, i) => [key, i]));
  const parts: (readonly [K, V])[][] = keys.map(() => []);
  for (const pair of pairs) {
    const at = index.get(pair[0]);
    if (at !== undefined) parts[at]!.push(pair);
  }
  return parts;
}

/** Parts by hashed key: every pair goes somewhere. */
export function splitByHash<K extends Key, V>(pipes: number, pairs: Pairs<K, V>): Pairs<K, V>[] {
  const parts: (readonly [K, V])[][] = Array.from({ length: pipes }, () => []);
  for (const pair of pairs) parts[pipeOf(pair[0], pipes)]!.push(pair);
  return parts;
}

/** The pairs of all parts, in the parts' order, gathered by key. */
export function groupPairs<K extends Key, V>(parts: readonly Pairs<K, V>[]): Groups<K, V> {
  const groups = new Map<K, V[]>();
  for (const part of parts) {
    for (const [key, value] of part) {
      const values = groups.get(key);
      if (values) values.push(value);
      else groups.set(key, [value]);
    }
  }
  return [...groups];
}
