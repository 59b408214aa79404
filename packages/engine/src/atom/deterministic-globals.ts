import { syncBuiltinESMExports } from "node:module";
import { currentAtom } from "./current-atom.js";
import { installDeterministicCrypto } from "./deterministic-crypto.js";
import { watchFiles } from "./watch-files.js";
import { watchSurroundings } from "./watch-surroundings.js";

let installed = false;

/**
 * Gives atoms deterministic values for `Math.random`, `Date`, `performance.now` and the random functions of the global
 * crypto and of `node:crypto`, and sees what else they read. Code outside atoms sees the originals. Installed once a process, by the first graph that
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
  installDeterministicCrypto();
  watchFiles();
  watchSurroundings();
  // named imports of Node's modules see the replacements too
  syncBuiltinESMExports();
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
