import { NotComputedError } from "../errors.js";
import { describeRef } from "../identity/describe.js";
import type { Ref } from "../identity/ref.js";
import { Between } from "./between.js";
import { Cotangents } from "./cotangents.js";
import type { Cotangent, Numeric } from "./differentiable.js";
import { BadSeedError } from "./errors.js";
import { describeValue } from "./failures.js";
import { PullBack, type Swept } from "./pull-back.js";

/** dy/dx of vectors: `rows` components of y by `columns` components of x, row by row. A number counts as one component. */
export interface Jacobian {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/** dy/dx: a number where both are numbers, otherwise a Jacobian. */
export type Derivative<Y, X> = [Y, X] extends [number, number]
  ? number
  : [Y] extends [Float64Array]
    ? Jacobian
    : [X] extends [Float64Array]
      ? Jacobian
      : number | Jacobian;

/** dy/dx for each x of a list of refs. */
export type Derivatives<Y, Xs extends readonly Ref[]> = {
  -readonly [K in keyof Xs]: Xs[K] extends Ref<infer X> ? Derivative<Y, X> : never;
};

export interface AdjointOptions<Y = unknown> {
  /**
   * What y's components count, of y's shape: gives the derivative of their weighted sum, in one sweep instead of one for
   * each component.
   */
  readonly seed?: Cotangent<Y>;
}

/** What `adjoint` needs of a graph. */
export interface AdjointGraph extends Swept {
  calc(targets: readonly Ref[]): Promise<unknown>;
}

/**
 * dy/dx for each of `xs`: `graph.adjoint` says more. One sweep back from y over the nodes that lie between, with the values
 * the graph holds; each x counts as a variable of its own, wherever in the graph it stands.
 */
export async function adjoint(
  graph: AdjointGraph,
  y: Ref,
  xs: readonly Ref[],
  options: { readonly seed?: unknown } = {},
): Promise<(number | Jacobian)[]> {
  await graph.calc([y, ...xs]);
  const { structure } = graph;
  const top = structure.intern(y);
  const wanted = xs.map((x) => structure.intern(x));
  const given = (node: number) => graph.given(node);
  const held: Swept = { structure, session: graph.session, value: (node) => heldValue(graph, node), given };
  const between = new Between(structure, given, top, wanted);
  // The values of y and the xs are looked at first: what they are decides the shape of the result.
  const values = new PullBack(held, between, new Cotangents(1, 0));
  const value = values.value(top);
  const shapes = wanted.map((node) => values.value(node));
  const cotangents = seeded(structure.table.size, top, value, options.seed, y);
  sweep(new PullBack(held, between, cotangents), between, cotangents);
  const scalar = cotangents.rows === 1 && (typeof value === "number" || options.seed !== undefined);
  return wanted.map((node, i) => result(cotangents, node, shapes[i]!, scalar));
}

function sweep(back: PullBack, between: Between, cotangents: Cotangents): void {
  for (let i = between.order.length - 1; i >= 0; i--) {
    const node = between.order[i]!;
    if (between.leadsOn(node) && cotangents.reached(node)) back.pass(node);
    if (!between.wants(node)) cotangents.release(node);
  }
}

/** One row with the seed, or one row for each component of y. */
function seeded(nodes: number, top: number, value: Numeric, seed: unknown, y: Ref): Cotangents {
  const rows = typeof value === "number" || seed !== undefined ? 1 : value.length;
  const cotangents = new Cotangents(rows, nodes);
  cotangents.reach(top);
  if (seed !== undefined) {
    if (!sameShape(seed, value)) {
      const what = `The seed is ${describeValue(seed)}, and ${describeRef(y)} is ${describeValue(value)}`;
      throw new BadSeedError(`${what}: give one of the same shape.`, {});
    }
    cotangents.add(top, 0, value, seed);
  } else if (typeof value === "number") cotangents.add(top, 0, value, 1);
  else cotangents.identity(top, value);
  return cotangents;
}

function sameShape<V extends Numeric>(a: unknown, b: V): a is V {
  if (typeof b === "number") return typeof a === "number";
  return a instanceof Float64Array && a.length === b.length;
}

function result(cotangents: Cotangents, node: number, x: Numeric, scalar: boolean): number | Jacobian {
  const data = cotangents.all(node, x);
  if (scalar && typeof x === "number") return data[0]!;
  return { rows: cotangents.rows, columns: typeof x === "number" ? 1 : x.length, data: data.slice() };
}

function heldValue(graph: AdjointGraph, node: number): unknown {
  const value = graph.value(node);
  if (value !== undefined) return value;
  const ref = graph.structure.table.ref(node);
  const name = ref ? describeRef(ref) : graph.structure.table.idHex(node);
  throw new NotComputedError(
    `The value of ${name} was let go, and a derivative passes there: keep every value (retain: "all").`,
    { node: graph.structure.table.idHex(node) },
  );
}
