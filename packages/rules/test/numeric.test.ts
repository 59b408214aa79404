import { createGraph } from "@graphvm/engine";
import {
  apply,
  type Jacobian,
  NoRootError,
  type Numeric,
  namespace,
  num,
  numeric,
  type Op,
  type Ref,
  rule,
  ShapeError,
} from "@graphvm/rules";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const RUNS = { numRuns: 40 };

/** A rule of one atom under test, and refs of its inputs. */
type Build = (...xs: Ref<never>[]) => Ref<Numeric>;

/** Every derivative of y with respect to its inputs, next to central differences of fourth order. */
async function check(build: Build, inputs: readonly Numeric[]): Promise<void> {
  const xs = inputs.map((value) => num.constant(value));
  // equal inputs are one node: its derivative is that of both together, and so is the difference
  const graph = createGraph();
  const y = build(...(xs as Ref<never>[]));
  const derivatives = await graph.adjoint(y, xs);
  for (const [i, x] of xs.entries()) {
    const given = derivatives[i]!;
    const length = typeof inputs[i] === "number" ? 1 : (inputs[i] as Float64Array).length;
    for (let j = 0; j < length; j++) {
      const value = typeof inputs[i] === "number" ? inputs[i] : (inputs[i] as Float64Array)[j]!;
      const h = 1e-3 * Math.max(0.5, Math.abs(value));
      const at = async (steps: number): Promise<readonly number[]> => {
        const moved = createGraph();
        const there = typeof inputs[i] === "number" ? value + steps * h : (inputs[i] as Float64Array).slice();
        if (typeof there !== "number") there[j] = value + steps * h;
        moved.setData(x, there);
        return components(await moved.calc(y));
      };
      const [up, down, up2, down2] = [await at(1), await at(-1), await at(2), await at(-2)];
      for (let row = 0; row < up.length; row++) {
        const difference = (8 * (up[row]! - down[row]!) - (up2[row]! - down2[row]!)) / (12 * h);
        expect(Math.abs(entry(given, row, j) - difference)).toBeLessThan(1e-7 * Math.max(1, Math.abs(difference)));
      }
    }
  }
}

const components = (value: Numeric): readonly number[] => (typeof value === "number" ? [value] : Array.from(value));
const entry = (given: number | Jacobian, row: number, column: number): number =>
  typeof given === "number" ? given : given.data[row * given.columns + column]!;

const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const vector = (min: number, max: number, length: number) =>
  fc.array(between(min, max), { minLength: length, maxLength: length }).map((list) => Float64Array.from(list));
/** A number, or a vector of three. */
const either = (min: number, max: number) => fc.oneof(between(min, max), vector(min, max, 3));
const pair = (min: number, max: number) =>
  fc.oneof(fc.tuple(between(min, max), between(min, max)), fc.tuple(vector(min, max, 3), vector(min, max, 3)));

describe("A7: every atom's derivative agrees with central differences", () => {
  const unary: [string, (x: Ref<Numeric>) => Ref<Numeric>, number, number][] = [
    ["negate", (x) => num.negate(x), -5, 5],
    ["exp", (x) => num.exp(x), -3, 3],
    ["log", (x) => num.log(x), 0.5, 50],
    ["sqrt", (x) => num.sqrt(x), 0.5, 50],
    ["normalCdf", (x) => num.normalCdf(x), -6, 6],
    ["scale", (x) => num.scale(-2.5, x), -5, 5],
    ["shift", (x) => num.shift(-2.5, x), -5, 5],
    ["power 3", (x) => num.power(3, x), -3, 3],
    ["power -2", (x) => num.power(-2, x), 0.7, 3],
    ["power 0", (x) => num.power(0, x), -3, 3],
    ["power 1.5", (x) => num.power(1.5, x), 0.7, 9],
  ];
  test.each(unary)("A7: %s", async (_, build, min, max) => {
    await fc.assert(
      fc.asyncProperty(either(min, max), (x) => check(build as Build, [x])),
      RUNS,
    );
  });

  const binary: [string, (a: Ref<Numeric>, b: Ref<Numeric>) => Ref<Numeric>, number, number][] = [
    ["add", (a, b) => num.add(a, b), -5, 5],
    ["subtract", (a, b) => num.subtract(a, b), -5, 5],
    ["multiply", (a, b) => num.multiply(a, b), -5, 5],
    ["divide", (a, b) => num.divide(a, b), 0.5, 5],
    ["weightedSum", (a, b) => num.weightedSum([2, -0.5, 3], [a, b, a]), -5, 5],
    ["product", (a, b) => num.product([a, b, a]), -3, 3],
  ];
  test.each(binary)("A7: %s", async (_, build, min, max) => {
    await fc.assert(
      fc.asyncProperty(pair(min, max), (xs) => check(build as Build, xs)),
      RUNS,
    );
  });

  test("A7: sum, vectorSum, dot, stack, component, matrixProduct", async () => {
    const v = vector(-5, 5, 6);
    const rows: [Build, number][] = [
      [((a: Ref<Float64Array>, b: Ref<Float64Array>) => num.vectorSum([a, b, b])) as Build, 2],
      [((a: Ref<Float64Array>, b: Ref<Float64Array>) => num.dot(a, b)) as Build, 2],
      [((a: Ref<Float64Array>) => num.component(4, a)) as Build, 1],
      [((a: Ref<Float64Array>, b: Ref<Float64Array>) => num.matrixProduct([2, 3, 2], a, b)) as Build, 2],
      [((a: Ref<Float64Array>, b: Ref<Float64Array>) => num.matrixProduct([3, 2, 3], a, b)) as Build, 2],
    ];
    for (const [build, count] of rows)
      await fc.assert(
        fc.asyncProperty(v, v, (a, b) => check(build, [a, b].slice(0, count))),
        { numRuns: 10 },
      );
    const number = between(-5, 5);
    await fc.assert(
      fc.asyncProperty(number, number, async (a, b) => {
        await check(((x: Ref<number>, y: Ref<number>) => num.sum([x, y, x])) as Build, [a, b]);
        await check(((x: Ref<number>, y: Ref<number>) => num.stack([x, y, x])) as Build, [a, b]);
      }),
      RUNS,
    );
  });

  test("A7: linear interpolation by ordinates and abscissa, at a constant too", async () => {
    const knots = [-1, 0, 0.5, 2, 7];
    // not within a step of a knot, where the slope changes
    const x = between(-3, 9).filter((v) => knots.every((knot) => Math.abs(v - knot) > 0.05));
    await fc.assert(
      fc.asyncProperty(vector(-5, 5, 5), x, async (ordinates, at) => {
        await check(((ys: Ref<Float64Array>, v: Ref<number>) => num.interpolate(knots, ys, v)) as Build, [
          ordinates,
          at,
        ]);
        await check(((ys: Ref<Float64Array>) => num.interpolate(knots, ys, at)) as Build, [ordinates]);
      }),
      RUNS,
    );
  });

  test("A7: a product with zeros", async () => {
    const xs = [0, 2, 3, -0].map((v) => num.constant(v));
    const y = num.product([xs[0]!, xs[1]!, xs[2]!]);
    expect(await createGraph().adjoint(y, xs.slice(0, 3))).toEqual([6, 0, 0]);
  });
});

describe("A8: what the atoms give", () => {
  // mpmath.ncdf with 40 digits, as the nearest double
  test.each([
    [-37, 5.725571222524577e-300],
    [-20.5, 1.076467325879096e-93],
    [-10, 7.619853024160525e-24],
    [-6, 9.86587645037698e-10],
    [-5.7, 5.990371401063528e-9],
    [-5.6, 1.071759025831093e-8],
    [-3.25, 0.000577025042390767],
    [-1, 0.15865525393145705],
    [-0.68, 0.2482522304535705],
    [-0.67, 0.2514288950953101],
    [-0.1, 0.460172162722971],
    [0, 0.5],
    [1e-9, 0.5000000003989423],
    [0.3, 0.6179114221889527],
    [0.7, 0.758036347776927],
    [1.96, 0.9750021048517795],
    [4, 0.9999683287581669],
    [5.7, 0.9999999940096286],
    [8.5, 1],
    [Number.POSITIVE_INFINITY, 1],
    [Number.NEGATIVE_INFINITY, 0],
  ])("A8: the normal distribution function at %f", (x, expected) => {
    expect(Math.abs(numeric.normalCdf(x) - expected)).toBeLessThanOrEqual(1e-15 * expected);
  });

  test("A8: it rises, and Phi(x) + Phi(-x) = 1", () => {
    expect(numeric.normalCdf(Number.NaN)).toBeNaN();
    let last = 0;
    for (let x = -9; x <= 9; x += 1 / 512) {
      const value = numeric.normalCdf(x);
      expect(value).toBeGreaterThanOrEqual(last);
      expect(Math.abs(value + numeric.normalCdf(-x) - 1)).toBeLessThan(2e-16);
      last = value;
    }
  });

  test("A8: whole powers are products", () => {
    expect(numeric.power(10, 3)).toBe(59049);
    expect([numeric.power(-1, 4), numeric.power(0, 0), numeric.power(-3, -2), numeric.power(0.5, -1)]).toEqual([
      0.25,
      1,
      -0.125,
      Number.NaN,
    ]);
    expect(numeric.power(1.5, 4)).toBeCloseTo(8, 13);
    expect(numeric.power(1, Number.NaN)).toBeNaN();
  });

  test("A8: shapes that don't fit are errors", () => {
    expect(() => numeric.add<Numeric>(1, new Float64Array(2))).toThrow(ShapeError);
    expect(() => numeric.multiply(new Float64Array(3), new Float64Array(2))).toThrow("a vector of 3 and a vector of 2");
    expect(() => numeric.weightedSum([1, 2], 3)).toThrow("inputs of a weighted sum: 2 due, 1 given");
    expect(() => numeric.matrixProduct([2, 2, 2], new Float64Array(4), new Float64Array(3))).toThrow(ShapeError);
    expect(() => numeric.interpolate([0, 1], new Float64Array(3), 0.5)).toThrow("ordinates: 2 due, 3 given");
    expect(() => numeric.interpolate([0, 1, 1, 2], new Float64Array(4), Number.NaN)).toThrow("NaN");
    expect(() => numeric.component(3, new Float64Array(3))).toThrow(ShapeError);
    expect(() => numeric.product([])).toThrow(ShapeError);
  });

  test("A8: interpolation is flat outside its knots and exact at them", () => {
    const ys = Float64Array.of(3, 5, 4);
    const at = (x: number): number => numeric.interpolate([0, 1, 3], ys, x);
    expect([-1, 0, 0.5, 1, 2, 3, 9].map(at)).toEqual([3, 3, 4, 5, 4.5, 4, 4]);
  });
});

describe("A9: roots, and their derivatives by the implicit function theorem", () => {
  // x^3 + a x = b has one root for a > 0
  const cubic = (x: number, a: number, b: number): number => x * x * x + a * x - b;
  const solveCubic = numeric.root(cubic, {
    dx: (x, a) => 3 * x * x + a,
    dp: (x) => [x, -1],
    bracket: (_, b) => [-1 - Math.abs(b), 1 + Math.abs(b)],
  });
  const own = namespace("roots", {
    cubic: rule((a: Ref<number>, b: Ref<number>): Op<number> => apply(solveCubic)(a, b)),
    // the s for which sum(v) s + s^3 = 1
    share: rule((v: Ref<Float64Array>): Op<number> => apply(solveShare)(v)),
  });
  const solveShare = numeric.root((x, v: Float64Array) => v.reduce((t, each) => t + each * x, 0) + x * x * x - 1, {
    dx: (x, v) => v.reduce((t, each) => t + each, 0) + 3 * x * x,
    dp: (x, v) => [v.map(() => x)],
    bracket: [0, 10],
  });

  test("A9: the root is one to the last bits, and its derivative that of central differences", async () => {
    await fc.assert(
      fc.asyncProperty(between(1, 5), between(-20, 20), async (a, b) => {
        const x = solveCubic(a, b);
        expect(Math.abs(cubic(x, a, b))).toBeLessThan(1e-14 * (Math.abs(b) + 1));
        await check(((p: Ref<number>, q: Ref<number>) => own.cubic(p, q)) as Build, [a, b]);
      }),
      RUNS,
    );
    await fc.assert(
      fc.asyncProperty(vector(0.5, 3, 4), (v) => check(own.share as unknown as Build, [v])),
      RUNS,
    );
  });

  test("A9: where Newton's method alone runs away, bisection brings it back", () => {
    const flat = numeric.root((x, p: number) => Math.atan(20 * (x - p)), {
      dx: (x, p) => 20 / (1 + 400 * (x - p) * (x - p)),
      dp: (x, p) => [-20 / (1 + 400 * (x - p) * (x - p))],
      bracket: [-1000, 2000],
    });
    for (const p of [-999.5, 0, 1e-7, 3.25, 1999])
      expect(Math.abs(flat(p) - p)).toBeLessThan(1e-12 * Math.abs(p) + 1e-17);
  });

  test("A9: no change of sign, NaN or a flat root are errors", async () => {
    const never = numeric.root((x, p: number) => x * x + p, { dx: (x) => 2 * x, dp: () => [1], bracket: [-1, 1] });
    expect(() => never(1)).toThrow(NoRootError);
    expect(() => never(1)).toThrow("f is 2 at -1 and 2 at 1: no change of sign. Widen the bracket.");
    expect(() => never(Number.NaN)).toThrow(NoRootError);
    const flat = numeric.root((x, p: number) => x * x * x - p, {
      dx: (x) => 3 * x * x,
      dp: () => [-1],
      bracket: [-1, 1],
    });
    const y = namespace("flat", { y: rule((p: Ref<number>): Op<number> => apply(flat)(p)) }).y;
    const p = num.constant(0);
    await expect(createGraph().adjoint(y(p), [p])).rejects.toThrow(/flat\.y\(.*failed: df\/dx is 0 at the root 0/);
  });
});
