import { hash128 } from "./identity/hash128.js";

/** A seeded generator of pseudo-random numbers. Equal seeds give equal sequences on every machine. */
export interface Random {
  /** The next 32 random bits as an unsigned integer. */
  uint32(): number;
  /** A number in [0, 1) with 53 random bits. */
  next(): number;
  /** A whole number in [0, n), without bias. `n` is at most 2^32. */
  below(n: number): number;
}

/**
 * Makes a generator (xoshiro128**, Blackman and Vigna 2018, https://prng.di.unimi.it/xoshiro128starstar.c) whose
 * 128-bit state is the 128-bit hash of the seed: a million nodes are a million sequences. Integer arithmetic only, so
 * bits do not depend on the platform.
 *
 * @example
 * const random = createRandom(7);
 * random.next() === createRandom(7).next(); // true
 */
export function createRandom(seed: number | Uint32Array): Random {
  const words = typeof seed === "number" ? splitNumber(seed) : seed;
  const state = new Uint32Array(4);
  hash128(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), words.byteLength, state);
  let a = state[0]! | 0;
  let b = state[1]! | 0;
  let c = state[2]! | 0;
  let d = state[3]! | 0;
  if ((a | b | c | d) === 0) d = 1; // the one state that never changes

  const uint32 = (): number => {
    const x = Math.imul(b, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  return {
    uint32,
    next: () => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992,
    below: (n) => {
      const limit = 4294967296 - (4294967296 % n);
      let x = uint32();
      while (x >= limit) x = uint32();
      return x % n;
    },
  };
}

/** The two 32-bit halves of a number's IEEE bits, so that every seed a user can write counts. */
function splitNumber(seed: number): Uint32Array {
  const words = new Uint32Array(2);
  new DataView(words.buffer).setFloat64(0, seed, true);
  return words;
}
