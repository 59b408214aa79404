import nodeCrypto from "node:crypto";
import { currentAtom } from "./current-atom.js";
import { found } from "./watch.js";

/** Gives atoms seeded values for the random functions of the global crypto and of `node:crypto`. */
export function installDeterministicCrypto(): void {
  const { crypto } = globalThis;
  const values = fillsValues(crypto.getRandomValues.bind(crypto));
  const uuid = makesUuid(crypto.randomUUID.bind(crypto));
  Object.assign(crypto, { getRandomValues: values, randomUUID: uuid });
  const { randomBytes, randomFillSync, randomInt, randomUUID } = nodeCrypto;
  // its getRandomValues is the global crypto's
  Object.assign(nodeCrypto, {
    randomUUID: makesUuid(randomUUID as () => Uuid),
    randomBytes: bytesOf(randomBytes as Bytes),
    randomFillSync: fillsSync(randomFillSync as Fill),
    randomInt: wholeNumbers(randomInt as WholeNumber),
  });
}

type Uuid = ReturnType<typeof crypto.randomUUID>;
type Bytes = (size: number, done?: unknown) => unknown;
type Fill = (target: ArrayBufferView, offset?: number, size?: number) => ArrayBufferView;
type WholeNumber = (...args: readonly unknown[]) => unknown;

function fill<A extends Uint8Array>(array: A): A {
  const { random } = currentAtom()!;
  for (let i = 0; i < array.length; i++) array[i] = random.below(256);
  return array;
}

function fillsValues(original: typeof crypto.getRandomValues): typeof crypto.getRandomValues {
  return <T extends ArrayBufferView | null>(array: T): T => {
    if (!currentAtom() || !isFillable(array)) {
      original(array as Parameters<typeof crypto.getRandomValues>[0]);
      return array;
    }
    fill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return array;
  };
}

function makesUuid(original: (options?: unknown) => Uuid): (options?: unknown) => Uuid {
  return (options) => {
    if (!currentAtom()) return original(options);
    const bytes = fill(new Uint8Array(16));
    bytes[6] = (bytes[6]! & 15) | 64; // version 4
    bytes[8] = (bytes[8]! & 63) | 128; // RFC 9562 variant
    const hex = Buffer.from(bytes).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
}

/** The form that answers through a callback is Node's own, and seen. */
function bytesOf(original: Bytes): Bytes {
  return (size, done) => {
    if (!currentAtom() || !isSize(size)) return done === undefined ? original(size) : original(size, done);
    if (done === undefined) return fill(Buffer.alloc(size));
    found("random", "crypto.randomBytes with a callback");
    return original(size, done);
  };
}

function fillsSync(original: Fill): Fill {
  return (target, offset = 0, size) => {
    if (!currentAtom() || !ArrayBuffer.isView(target)) return original(target, offset, size);
    const unit = (target as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
    const all = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    fill(all.subarray(offset * unit, size === undefined ? undefined : (offset + size) * unit));
    return target;
  };
}

function wholeNumbers(original: WholeNumber): WholeNumber {
  return (...args) => {
    const [low, high] = args.length === 1 ? [0, args[0]] : args;
    const atom = currentAtom();
    if (!atom || typeof low !== "number" || typeof high !== "number" || !(low < high)) return original(...args);
    const range = high - low;
    // `below` draws from 32 bits
    if (args.length <= 2 && range <= 4_294_967_296) return low + atom.random.below(range);
    found("random", "crypto.randomInt with a callback or over a range above 2^32");
    return original(...args);
  };
}

function isSize(size: unknown): size is number {
  return Number.isSafeInteger(size) && (size as number) >= 0 && (size as number) < 2_147_483_648;
}

/** What `getRandomValues` takes; the original refuses the rest. */
function isFillable(array: ArrayBufferView | null): array is ArrayBufferView {
  const whole = ArrayBuffer.isView(array) && /^\[object (Big)?(Ui|I)nt/.test(Object.prototype.toString.call(array));
  return whole && array.byteLength <= 65536;
}
