import { currentAtom } from "./current-atom.js";

let installed = false;

/**
 * Gives atoms deterministic values for `Math.random`, `Date`, `performance.now`, `crypto.randomUUID` and
 * `crypto.getRandomValues`. Code outside atoms sees the originals. Installed once a process, by the first graph that
 * computes something.
 */
export function installDeterministicGlobals(): void {
  if (installed) return;
  installed = true;
  const random = Math.random;
  Math.random = () => {
    const atom = currentAtom();
    return atom ? atom.random.next() : random();
  };
  globalThis.Date = deterministicDate(Date);
  const now = performance.now;
  performance.now = () => {
    const atom = currentAtom();
    return atom ? atom.now() - atom.session.epoch : now.call(performance);
  };
  replaceCrypto(globalThis.crypto);
}

/** A Proxy: a subclass would break `instanceof` and `Date()` without `new`. */
function deterministicDate(original: DateConstructor): DateConstructor {
  const readNow = original.now;
  original.now = () => currentAtom()?.now() ?? readNow();
  const proxy: DateConstructor = new Proxy(original, {
    construct(target, args: [], newTarget) {
      const atom = args.length === 0 ? currentAtom() : undefined;
      return Reflect.construct(target, atom ? [atom.now()] : args, newTarget === proxy ? target : newTarget);
    },
    apply(target, self, args) {
      const atom = currentAtom();
      return atom ? new target(atom.now()).toString() : Reflect.apply(target, self, args);
    },
  });
  // Dates made before and after know one constructor, and it is not a way round the proxy.
  original.prototype.constructor = proxy;
  return proxy;
}

function replaceCrypto(crypto: typeof globalThis.crypto): void {
  const original = { uuid: crypto.randomUUID, values: crypto.getRandomValues };
  const fill = (array: Uint8Array): Uint8Array => {
    const random = currentAtom()!.random;
    for (let i = 0; i < array.length; i++) array[i] = random.below(256);
    return array;
  };
  crypto.getRandomValues = <T extends ArrayBufferView | null>(array: T): T => {
    if (!currentAtom() || !isFillable(array)) {
      original.values.call(crypto, array as Parameters<typeof crypto.getRandomValues>[0]);
      return array;
    }
    fill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return array;
  };
  crypto.randomUUID = () => {
    if (!currentAtom()) return original.uuid.call(crypto);
    const bytes = fill(new Uint8Array(16));
    bytes[6] = (bytes[6]! & 15) | 64; // version 4
    bytes[8] = (bytes[8]! & 63) | 128; // RFC 9562 variant
    const hex = Buffer.from(bytes).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as const;
  };
}

/** What `getRandomValues` takes; the original refuses the rest. */
function isFillable(array: ArrayBufferView | null): array is ArrayBufferView {
  const whole = ArrayBuffer.isView(array) && /^\[object (Big)?(Ui|I)nt/.test(Object.prototype.toString.call(array));
  return whole && array.byteLength <= 65536;
}
