import { AtomContext, type AtomSession, enterAtom, leaveAtom, type NodeWords, runAsync } from "../atom/current-atom.js";
import type { AtomFunction, Op } from "./op.js";

const ASYNC_FUNCTION: unknown = Object.getPrototypeOf(async () => {});

// Functions that turned out to return promises without being declared async.
const asynchronous = new WeakSet<AtomFunction>();

/** The values of a node's dependencies, in the rule's order. A fold looks at one at a time. */
export interface DependencyValues {
  readonly count: number;
  value(index: number): unknown;
}

/**
 * Runs an op on its dependencies' values. Returns the value, or a promise of it for an asynchronous atom. Synchronous
 * atoms run under a plain variable, without a promise. A function that is not declared async and yet returns a promise is
 * run once more where its context follows its awaits; the first promise is dropped.
 */
export function runOp(op: Op, values: DependencyValues, session: AtomSession, nodes: NodeWords, node: number): unknown {
  if (op.kind === "alias") return values.value(0);
  const atom = new AtomContext(session, nodes, node);
  if (op.kind !== "fold" && (Object.getPrototypeOf(op.fn) === ASYNC_FUNCTION || asynchronous.has(op.fn)))
    return runAsync(atom, () => perform(op, values));
  const outer = enterAtom(atom);
  let value: unknown;
  try {
    value = perform(op, values);
  } finally {
    leaveAtom(outer);
  }
  if (!isPromise(value)) return value;
  Promise.resolve(value).catch(() => {});
  if (op.kind === "fold")
    throw new TypeError("a fold's init, step and finish are synchronous; use apply.all for an asynchronous reduction");
  asynchronous.add(op.fn);
  return runAsync(new AtomContext(session, nodes, node), () => perform(op, values));
}

function perform(op: Exclude<Op, { readonly kind: "alias" }>, values: DependencyValues): unknown {
  switch (op.kind) {
    case "apply": {
      const { fn, params } = op;
      const args = new Array<unknown>(params.length + values.count);
      for (let i = 0; i < params.length; i++) args[i] = params[i];
      for (let i = 0; i < values.count; i++) args[params.length + i] = values.value(i);
      return fn(...args);
    }
    case "all": {
      const { fn, params } = op;
      const list: unknown[] = [];
      for (let i = 0; i < values.count; i++) list.push(values.value(i));
      return fn(...params, list);
    }
    case "fold": {
      const { init, step, finish } = op.fold;
      let state = init();
      for (let i = 0; i < values.count; i++) state = step(state, values.value(i));
      return finish ? finish(state) : state;
    }
  }
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
