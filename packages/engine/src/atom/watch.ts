import { currentAtom, isQuiet, quietly } from "./current-atom.js";
import type { ReadKind } from "./undeclared-reads.js";

type AnyFunction = (...args: unknown[]) => unknown;

/** Whether the running code is an atom's own: only then is anything looked at. */
export function isWatched(): boolean {
  return !isQuiet() && currentAtom() !== undefined;
}

/** Says that the atom at hand reads something. @throws UndeclaredReadError in a strict session */
export function found(kind: ReadKind, what: string): void {
  if (!isQuiet()) currentAtom()?.found(kind, what);
}

/**
 * Replaces functions of a module or prototype by ones that call `look` with their arguments first, where an atom calls them.
 * Proxies: names, lengths and properties stay. Functions that this Node does not have are left out.
 */
export function watch(
  target: object,
  names: readonly string[],
  look: (args: readonly unknown[], name: string) => void,
): void {
  const functions = target as { [name: string]: AnyFunction | undefined };
  for (const name of names) {
    const original = functions[name];
    if (typeof original !== "function") continue;
    functions[name] = new Proxy(original, {
      apply(fn, self, args: unknown[]) {
        if (!isWatched()) return Reflect.apply(fn, self, args);
        look(args, name);
        // what it calls inside is not to be said twice
        return quietly(() => Reflect.apply(fn, self, args));
      },
    });
  }
}

/** Functions whose own reads are Node's business. */
export function exempt(target: object, names: readonly string[]): void {
  watch(target, names, () => {});
}

/** As `watch`, for functions that answer with promises: a refusal is a rejection. */
export function watchAsync(
  target: object,
  names: readonly string[],
  look: (args: readonly unknown[], name: string) => void,
): void {
  const functions = target as { [name: string]: AnyFunction | undefined };
  for (const name of names) {
    const original = functions[name];
    if (typeof original !== "function") continue;
    functions[name] = new Proxy(original, {
      apply(fn, self, args: unknown[]) {
        if (!isWatched()) return Reflect.apply(fn, self, args);
        try {
          look(args, name);
        } catch (error) {
          return Promise.reject(error);
        }
        return quietly(() => Reflect.apply(fn, self, args));
      },
    });
  }
}
