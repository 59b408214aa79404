import { apply, createGraph, differentiable, type Jacobian, num, numeric, type Op, type Ref } from "@graphvm/rules";
import { expectTypeOf, test } from "vitest";

declare const n: Ref<number>;
declare const v: Ref<Float64Array>;
declare const s: Ref<string>;

// Never run: what compiles is the test.
export async function uses(): Promise<void> {
  const graph = createGraph();
  expectTypeOf(await graph.adjoint(n, [n, v])).toEqualTypeOf<[number, Jacobian]>();
  expectTypeOf(await graph.adjoint(v, [n, v])).toEqualTypeOf<[Jacobian, Jacobian]>();
  expectTypeOf(await graph.adjoint(n, [n] as Ref<number>[])).toEqualTypeOf<number[]>();
  await graph.adjoint(v, [n], { seed: new Float64Array(2) });
  // @ts-expect-error the seed of a number is a number
  await graph.adjoint(n, [n], { seed: new Float64Array(2) });

  const lookup = differentiable(
    (x: number, table: string) => x * table.length,
    (c, [, table]) => [c * table.length, null],
  );
  expectTypeOf(apply(lookup)(n, s)).toEqualTypeOf<Op<number>>();
  // @ts-expect-error a table is a string
  apply(lookup)(n, n);
  differentiable(
    (x: number, y: number) => x + y,
    // @ts-expect-error one cotangent for each input
    (c) => [c],
  );
  differentiable(
    (x: Float64Array) => x[0]!,
    // @ts-expect-error a vector's cotangent is a vector
    (c) => [c],
  );
  differentiable(
    (x: string) => x.length,
    // @ts-expect-error nothing flows to a string
    (c) => [c],
  );
  differentiable.withParams(
    // @ts-expect-error the param is a number, not a string
    (k: number, x: number) => k * x,
    (c, _inputs: [x: number], _output, [k]: [k: string]) => [c * k.length],
  );

  expectTypeOf(num.multiply(n, n)).toEqualTypeOf<Ref<number>>();
  expectTypeOf(num.exp(v)).toEqualTypeOf<Ref<Float64Array>>();
  expectTypeOf(num.stack([n, n])).toEqualTypeOf<Ref<Float64Array>>();
  expectTypeOf(num.interpolate([0, 1], v, n)).toEqualTypeOf<Ref<number>>();
  // @ts-expect-error a vector has no product with a number, component by component
  num.multiply(v, n);
  // @ts-expect-error no exponential of a string
  num.exp(s);
  expectTypeOf(apply(numeric.dot)(v, v)).toEqualTypeOf<Op<number>>();
  expectTypeOf(apply.fold(numeric.sum)([n])).toEqualTypeOf<Op<number>>();
  expectTypeOf(apply(numeric.exp<number>)(n)).toEqualTypeOf<Op<number>>();
  const root = numeric.root((x, p: number, q: Float64Array) => x - p - q[0]!, {
    dx: () => 1,
    dp: (_x, _p, q) => [-1, q.map((_, i) => (i === 0 ? -1 : 0))],
    bracket: (p, q) => [p, q[0]!],
  });
  expectTypeOf(apply(root)(n, v)).toEqualTypeOf<Op<number>>();
}

test("A1: derivatives, atoms and rules are typed", () => {
  expectTypeOf(uses).toBeFunction();
});
