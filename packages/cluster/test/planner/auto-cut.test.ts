import fc from "fast-check";
import { expect, test } from "vitest";
import { autoCut } from "../../dist/planner/auto-cut.js";
import { type Drawn, draw } from "./graphs.js";

/** The jobs of a drawn graph that is cut where it forks, dependencies first. */
function cutOf(drawn: Drawn, roots: readonly string[] = [Object.keys(drawn)[0]!], noCopy: readonly string[] = []) {
  const { structure, order, roots: handles, nameOf } = draw(drawn, roots);
  const rules = new Set(noCopy.map((each) => `g.${each}`));
  return autoCut(structure, order, { roots: handles, noCopy: rules }).map((job) => ({
    node: nameOf(job.node),
    inputs: job.inputs.map(nameOf).sort(),
    nodes: job.nodes.map(nameOf),
  }));
}

/** A graph of so many nodes, each drawn from its number; the first is the root. */
const drawnOf = (size: number, below: (i: number) => readonly string[], name = (i: number) => `n${i}`): Drawn =>
  Object.fromEntries(Array.from({ length: size }, (_, i) => [name(i), below(i)] as const));

/** Every block is read, mapped and split; every pipe merges its part of all of them and is reduced. */
function mapReduce(blocks: number, pipes: number): Drawn {
  const each = (count: number) => Array.from({ length: count }, (_, i) => i);
  return {
    gather0: each(pipes).map((i) => `reduce${i}`),
    ...Object.fromEntries(each(pipes).map((i) => [`reduce${i}`, [`merge${i}`]])),
    ...Object.fromEntries(each(pipes).map((i) => [`merge${i}`, each(blocks).map((b) => `pipe${b * 100 + i}`)])),
    ...Object.fromEntries(each(pipes).flatMap((i) => each(blocks).map((b) => [`pipe${b * 100 + i}`, [`split${b}`]]))),
    ...Object.fromEntries(each(blocks).map((b) => [`split${b}`, [`map${b}`]])),
    ...Object.fromEntries(each(blocks).map((b) => [`map${b}`, [`block${b}`]])),
    ...Object.fromEntries(each(blocks).map((b) => [`block${b}`, []])),
  };
}

test.each([1, 2, 3, 20, 2000])("C34: a sequence in which each needs the two before is one job (%i)", (n) => {
  expect(cutOf(drawnOf(n, (i) => [i + 1, i + 2].filter((each) => each < n).map((each) => `n${each}`)))).toHaveLength(1);
});

test("C34: a chain is one job, also where every step takes something small of its own", () => {
  const n = 400;
  expect(cutOf(drawnOf(n, (i) => (i === n - 1 ? [] : [`n${i + 1}`])))).toHaveLength(1);
  const steps = drawnOf(2 * n, (i) => (i % 2 === 1 || i >= 2 * n - 2 ? [] : [`n${i + 2}`, `n${i + 1}`]));
  expect(cutOf(steps)).toHaveLength(1);
});

test("C34: a map-reduce is a job for each block, each pipe, and what gathers", () => {
  const jobs = cutOf(mapReduce(8, 4));
  expect(jobs.map(({ node }) => node).sort()).toEqual([
    "gather0",
    ...[0, 1, 2, 3].map((i) => `reduce${i}`),
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `split${i}`),
  ]);
  const splits = jobs.filter(({ node }) => node.startsWith("split"));
  for (const { inputs, nodes } of splits) expect([inputs, nodes.length]).toEqual([[], 3]); // none waits for another
});

test("C34: blocks that are read, and many of them, are a job each", () => {
  expect(cutOf({ sum0: ["read1", "read2", "read3"], read1: [], read2: [], read3: [] })).toHaveLength(4);
  const many = drawnOf(2001, (i) =>
    i === 0 ? Array.from({ length: 1000 }, (_, k) => `n${2 * k + 1}`) : i % 2 === 1 ? [`n${i + 1}`] : [],
  );
  expect(cutOf(many)).toHaveLength(1001);
});

test("C34: what branches share is a job; a leaf is not, and neither is a small thing beside large ones", () => {
  const drawn: Drawn = {
    a0: ["b1", "b2", "b3", "c0"],
    ...Object.fromEntries([1, 2, 3].map((i) => [`b${i}`, [`m${i}`, "s0"]])),
    ...Object.fromEntries([1, 2, 3].map((i) => [`m${i}`, ["c0"]])),
    s0: ["t0"],
    t0: ["c0"],
    c0: [],
  };
  expect(cutOf(drawn).map(({ node }) => node)).toEqual(expect.arrayContaining(["s0", "b1", "b2", "b3", "a0"]));
  expect(cutOf(drawn)).toHaveLength(5);
});

test("C34: a tree is cut at its top, into some dozens of jobs of equal size", () => {
  const n = 2047;
  const jobs = cutOf(drawnOf(n, (i) => [2 * i + 1, 2 * i + 2].filter((each) => each < n).map((each) => `n${each}`)));
  expect(jobs.length).toBeGreaterThan(60);
  expect(jobs.length).toBeLessThan(200);
  expect(Math.max(...jobs.map(({ nodes }) => nodes.length))).toBeLessThan(n / 30);
});

test("C34: a large mesh stays one job; two of them beside each other are two", () => {
  const width = 20;
  const mesh = (name: string): Drawn => {
    const size = width * 60;
    return drawnOf(
      size,
      (i) =>
        [i + width - 1, i + width, i + width + 1]
          .filter((each) => each < size && Math.floor(each / width) === Math.floor(i / width) + 1)
          .map((each) => `${name}${each}`),
      (i) => `${name}${i}`,
    );
  };
  const tops = (name: string) => Array.from({ length: width }, (_, i) => `${name}${i}`);
  expect(cutOf({ root0: tops("m"), ...mesh("m") })).toHaveLength(1);
  const two = cutOf({ root0: ["x0", "y0"], x0: tops("m"), y0: tops("k"), ...mesh("m"), ...mesh("k") });
  expect(two.map(({ node }) => node)).toEqual(["x0", "y0", "root0"]);
});

test("C34: what is never copied is no job of its own account", () => {
  const jobs = cutOf(mapReduce(8, 4), ["gather0"], ["split"]).map(({ node }) => node);
  expect(jobs.filter((node) => node.startsWith("split"))).toEqual([]);
});

/** A random graph: node i depends on nodes above it. */
const graphs = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 60 }).chain((rows) =>
  fc.record({
    drawn: fc.constant(
      drawnOf(rows.length, (i) => {
        const below = rows[i]!.filter(() => i < rows.length - 1).map((n) => i + 1 + (n % (rows.length - 1 - i)));
        return [...new Set(below)].map((each) => `n${each}`);
      }),
    ),
    roots: fc
      .uniqueArray(fc.nat(rows.length - 1), { minLength: 1, maxLength: 3 })
      .map((all) => all.map((i) => `n${i}`)),
  }),
);

/** What a node is worth, given what its dependencies are. */
const worthOf = (node: string, below: readonly number[]): number =>
  below.reduce((sum, each, i) => (sum * 31 + each * (i + 7)) % 1_000_003, Number(node.slice(1)) + 1);

/** The values of nodes, where a job knows its inputs' values and computes the rest. */
function runJobs(drawn: Drawn, jobs: ReturnType<typeof cutOf>): ReadonlyMap<string, number> {
  const done = new Map<string, number>();
  for (const job of jobs) {
    const known = new Map(job.inputs.map((input) => [input, done.get(input)!]));
    const value = (node: string): number => {
      const found = known.get(node) ?? worthOf(node, drawn[node]!.map(value));
      known.set(node, found);
      return found;
    };
    done.set(job.node, value(job.node));
  }
  return done;
}

test("C34: any graph gives the same values cut where it forks as whole, and the same cut each time", () => {
  fc.assert(
    fc.property(graphs, ({ drawn, roots }) => {
      const jobs = cutOf(drawn, roots);
      const whole = new Map<string, number>();
      for (const node of Object.keys(drawn).reverse())
        whole.set(
          node,
          worthOf(
            node,
            drawn[node]!.map((each) => whole.get(each)!),
          ),
        );
      const done = runJobs(drawn, jobs);
      for (const root of roots) expect(done.get(root)).toBe(whole.get(root));
      for (const [node, value] of done) expect(value).toBe(whole.get(node));
      expect(cutOf(drawn, roots)).toEqual(jobs);
      const seen = new Set<string>();
      for (const { node, inputs } of jobs) {
        for (const input of inputs) expect(seen).toContain(input);
        expect(seen).not.toContain(node);
        seen.add(node);
      }
    }),
    { numRuns: 300, seed: 11 },
  );
});
