// "gvm1": so that an id of another version can never be taken for one of this
const SEED = 0x67766d31;

/**
 * MurmurHash3_x86_128 (Austin Appleby, public domain) of `bytes[0, length)`, written into `out[at, at + 4)`.
 * Node ids need speed and spread; they are no security boundary. Digests, which are, use sha-256.
 */
export function hash128(bytes: Uint8Array, length: number, out: Uint32Array, at = 0, seed = SEED): void {
  let h1 = seed;
  let h2 = h1;
  let h3 = h1;
  let h4 = h1;
  const blocks = length - (length % 16);
  for (let i = 0; i < blocks; i += 16) {
    h1 = mix(h1, word(bytes, i), C1, C2, 15);
    h1 = (Math.imul(rotl(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 = mix(h2, word(bytes, i + 4), C2, C3, 16);
    h2 = (Math.imul(rotl(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 = mix(h3, word(bytes, i + 8), C3, C4, 17);
    h3 = (Math.imul(rotl(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 = mix(h4, word(bytes, i + 12), C4, C1, 18);
    h4 = (Math.imul(rotl(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  const rest = length - blocks;
  if (rest > 12) h4 = mix(h4, tail(bytes, blocks + 12, length), C4, C1, 18);
  if (rest > 8) h3 = mix(h3, tail(bytes, blocks + 8, length), C3, C4, 17);
  if (rest > 4) h2 = mix(h2, tail(bytes, blocks + 4, length), C2, C3, 16);
  if (rest > 0) h1 = mix(h1, tail(bytes, blocks, length), C1, C2, 15);
  h1 ^= length;
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = finish(h1);
  h2 = finish(h2);
  h3 = finish(h3);
  h4 = finish(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  out[at] = h1;
  out[at + 1] = h2 + h1;
  out[at + 2] = h3 + h1;
  out[at + 3] = h4 + h1;
}

const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;

const rotl = (x: number, r: number): number => (x << r) | (x >>> (32 - r));

const mix = (h: number, k: number, a: number, b: number, r: number): number =>
  h ^ Math.imul(rotl(Math.imul(k, a), r), b);

const word = (b: Uint8Array, i: number): number => b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24);

const tail = (b: Uint8Array, from: number, length: number): number => {
  let k = 0;
  for (let i = Math.min(from + 4, length) - 1; i >= from; i--) k = (k << 8) | b[i]!;
  return k;
};

const finish = (h: number): number => {
  let x = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
};

const idBytes = Buffer.alloc(16);

/** Four words as 32 hexadecimal digits: how a node id is written everywhere. */
export function idToHex(words: Uint32Array, at = 0): string {
  for (let i = 0; i < 4; i++) idBytes.writeUInt32BE(words[at + i]!, 4 * i);
  return idBytes.toString("hex");
}

/** The four words of a node id written as 32 hexadecimal digits. */
export function hexToId(hex: string): Uint32Array {
  if (!/^[0-9a-f]{32}$/.test(hex)) throw new RangeError(`not a node id: ${hex.slice(0, 40)}`);
  return Uint32Array.from([0, 8, 16, 24], (at) => Number.parseInt(hex.slice(at, at + 8), 16));
}
