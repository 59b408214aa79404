import { AtomContext, type AtomSession, type NodeWords, runAsync, runSync } from "../atom/current-atom.js";
import type { AtomFunction, Op } from "./op.js";

const ASYNC_FUNCTION: unknown = Object.getPrototypeOf(async () => {});

// Functions that turned out to return promises without being declared async.
const asynchronous = new WeakSet<AtomFunction>();

/** Runs an op on its dependencies' values. Returns the value, or a promise of it for an asynchronous atom. */
export function runOp(
  op: Op,
  values: readonly unknown[],
  session: AtomSession,
  nodes: NodeWords,
  node: number,
): unknown {
  switch (op.kind) {
    case "alias":
      return values[0];
    case "apply":
      return runAtom(op.fn, () => op.fn(...op.params, ...values), session, nodes, node);
    case "all":
      return runAtom(op.fn, () => op.fn(...op.params, values), session, nodes, node);
    case "fold": {
      const { init, step, finish } = op.fold;
      const reduce = (): unknown => {
        let state = init();
        for (let i = 0; i < values.length; i++) state = step(state, values[i]);
        return finish ? finish(state) : state;
      };
      const value = runSync(new AtomContext(session, nodes, node), reduce);
      if (!isPromise(value)) return value;
      Promise.resolve(value).catch(() => {});
      throw new TypeError(
        "a fold's init, step and finish are synchronous; use apply.all for an asynchronous reduction",
      );
    }
  }
}

/**
 * Synchronous atoms run under a plain variable. A function that is not declared async and yet returns a promise is run
 * once more where its context follows its awaits; the first promise is dropped.
 */
function runAtom(fn: AtomFunction, call: () => unknown, session: AtomSession, nodes: NodeWords, node: number): unknown {
  const atom = new AtomContext(session, nodes, node);
  if (Object.getPrototypeOf(fn) === ASYNC_FUNCTION || asynchronous.has(fn)) return runAsync(atom, call);
  const value = runSync(atom, call);
  if (!isPromise(value)) return value;
  Promise.resolve(value).catch(() => {});
  asynchronous.add(fn);
  return runAsync(new AtomContext(session, nodes, node), call);
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
