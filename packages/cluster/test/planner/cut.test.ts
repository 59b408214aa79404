import fc from "fast-check";
import { expect, test } from "vitest";
import { cutGraph } from "../../dist/planner/cut.js";
import { type Drawn, draw, ruleOf } from "./graphs.js";

interface Cut {
  readonly cut?: readonly string[];
  readonly noCopy?: readonly string[];
}

/** The jobs of a drawn graph, by name: inputs, nodes computed, and what they are pinned to. */
function cutOf(drawn: Drawn, roots: readonly string[], { cut = [], noCopy = [] }: Cut = {}) {
  const { structure, order, roots: handles, nameOf } = draw(drawn, roots);
  const full = (rules: readonly string[]) => new Set(rules.map((each) => `g.${each}`));
  const jobs = cutGraph(structure, order, { roots: handles, cut: full(cut), noCopy: full(noCopy) });
  return jobs.map((job) => ({
    node: nameOf(job.node),
    inputs: job.inputs.map(nameOf).sort(),
    nodes: job.nodes.map(nameOf).sort(),
    pin: job.pin === undefined ? undefined : nameOf(job.pin),
    noCopy: job.noCopy,
  }));
}

const byName = (jobs: ReturnType<typeof cutOf>) => Object.fromEntries(jobs.map((job) => [job.node, job]));

test("C30: without a cut a root is one job with everything below it", () => {
  const jobs = cutOf({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] }, ["a"]);
  expect(jobs).toEqual([{ node: "a", inputs: [], nodes: ["a", "b", "c", "d"], pin: undefined, noCopy: false }]);
});

test("C30: nodes of cut rules become jobs, dependencies first", () => {
  const jobs = cutOf({ a: ["b1", "b2"], b1: ["c"], b2: ["d"], c: [], d: [] }, ["a"], { cut: ["b"] });
  expect(jobs.map((job) => job.node)).toEqual(["b1", "b2", "a"]);
  expect(byName(jobs)).toMatchObject({
    a: { inputs: ["b1", "b2"], nodes: ["a"] },
    b1: { inputs: [], nodes: ["b1", "c"] },
    b2: { inputs: [], nodes: ["b2", "d"] },
  });
});

test("C30: an uncut node that two jobs reach becomes a job; a leaf that two jobs reach is computed by both", () => {
  const drawn = { a: ["b1", "b2"], b1: ["s", "l"], b2: ["s", "l"], s: ["t"], t: [], l: [] };
  const jobs = byName(cutOf(drawn, ["a"], { cut: ["b"] }));
  expect(Object.keys(jobs).sort()).toEqual(["a", "b1", "b2", "s"]);
  expect(jobs).toMatchObject({
    b1: { inputs: ["s"], nodes: ["b1", "l"] },
    b2: { inputs: ["s"], nodes: ["b2", "l"] },
    s: { inputs: [], nodes: ["s", "t"] },
  });
});

test("C30: only the top of what two jobs share becomes a job", () => {
  const jobs = byName(
    cutOf({ a: ["b1", "b2"], b1: ["s"], b2: ["s"], s: ["t"], t: ["u"], u: [] }, ["a"], { cut: ["b"] }),
  );
  expect(Object.keys(jobs).sort()).toEqual(["a", "b1", "b2", "s"]);
});

test("C30: a root inside another root's graph is a job of its own", () => {
  const jobs = byName(cutOf({ a: ["b"], b: ["c"], c: [] }, ["a", "b"]));
  expect(jobs).toMatchObject({ a: { inputs: ["b"], nodes: ["a"] }, b: { inputs: [], nodes: ["b", "c"] } });
});

test("C30: the same root twice is one job", () => {
  expect(cutOf({ a: [] }, ["a", "a"])).toHaveLength(1);
});

test("C31: what depends on a noCopy job becomes a job that runs where its value lies", () => {
  const jobs = byName(
    cutOf({ a: ["b", "c"], b: ["h"], c: ["h"], h: ["x"], x: [] }, ["a"], { cut: ["h"], noCopy: ["h"] }),
  );
  expect(jobs).toMatchObject({
    h: { noCopy: true, inputs: [], nodes: ["h", "x"] },
    b: { pin: "h", inputs: ["h"], nodes: ["b"] },
    c: { pin: "h", inputs: ["h"], nodes: ["c"] },
    a: { inputs: ["b", "c"], nodes: ["a"] },
  });
});

test("C31: a noCopy node that no cut makes a job is computed by each job that reaches it", () => {
  const jobs = byName(
    cutOf({ a: ["b1", "b2"], b1: ["h"], b2: ["h"], h: ["x"], x: [] }, ["a"], { cut: ["b"], noCopy: ["h"] }),
  );
  expect(Object.keys(jobs).sort()).toEqual(["a", "b1", "b2"]);
  expect(jobs).toMatchObject({ b1: { nodes: ["b1", "h", "x"] }, b2: { nodes: ["b2", "h", "x"] } });
});

test("C31: a job that needs two noCopy values runs beside one and computes the other again", () => {
  const jobs = byName(cutOf({ a: ["h1", "h2"], h1: [], h2: ["x"], x: [] }, ["a"], { cut: ["h"], noCopy: ["h"] }));
  expect(jobs.a).toMatchObject({ pin: "h1", inputs: ["h1"], nodes: ["a", "h2", "x"] });
});

/** A random graph: node i depends on nodes above it; three rules. */
const graphs = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 25 }).chain((rows) =>
  fc.record({
    drawn: fc.constant(
      Object.fromEntries(
        rows.map((row, i) => {
          const below = row.filter(() => i < rows.length - 1).map((n) => i + 1 + (n % (rows.length - 1 - i)));
          return [name(i), [...new Set(below)].map(name)] as const;
        }),
      ),
    ),
    roots: fc.uniqueArray(fc.nat(rows.length - 1), { minLength: 1, maxLength: 3 }).map((list) => list.map(name)),
    cut: fc.subarray(["r", "s", "t"]),
    noCopy: fc.subarray(["r", "s", "t"]),
  }),
);
const name = (i: number): string => `${"rst"[i % 3]}${i}`;

const reach = (drawn: Drawn, from: readonly string[], stop: (name: string) => boolean): Set<string> => {
  const seen = new Set(from);
  const stack = [...from];
  for (let node = stack.pop(); node !== undefined; node = stack.pop())
    for (const below of drawn[node]!)
      if (!seen.has(below) && !stop(below)) {
        seen.add(below);
        stack.push(below);
      }
  return seen;
};

test("C30 C31: any graph, any cut: every node is computed, from inputs that are jobs, once where it is shared", () => {
  fc.assert(
    fc.property(graphs, ({ drawn, roots, cut, noCopy }) => {
      const jobs = cutOf(drawn, roots, { cut, noCopy });
      const index = new Map(jobs.map((job, i) => [job.node, i]));
      expect(index.size).toBe(jobs.length);
      // everything reachable, and nothing else, is computed
      expect(new Set(jobs.flatMap((job) => job.nodes))).toEqual(reach(drawn, roots, () => false));
      for (const root of roots) expect(index.has(root)).toBe(true);
      for (const job of jobs) {
        // inputs are jobs that come before; the job computes what it reaches without going through them
        for (const input of job.inputs) expect(index.get(input)).toBeLessThan(index.get(job.node)!);
        expect(new Set(job.nodes)).toEqual(reach(drawn, [job.node], (below) => job.inputs.includes(below)));
        // a value that is never copied is an input only of the job that runs where it lies
        for (const input of job.inputs) if (noCopy.includes(ruleOf(input))) expect(job.pin).toBe(input);
        if (job.pin !== undefined) expect(job.inputs).toContain(job.pin);
        expect(job.noCopy).toBe(noCopy.includes(ruleOf(job.node)));
      }
      for (const node of reach(drawn, roots, () => false)) {
        if (cut.includes(ruleOf(node))) expect(index.has(node)).toBe(true);
        const makers = jobs.filter((job) => job.nodes.includes(node));
        const repeated = makers.length > 1 && drawn[node]!.length > 0;
        // only noCopy nodes, and what lies below them, are computed more than once
        const under = Object.keys(drawn).filter((each) => noCopy.includes(ruleOf(each)));
        if (repeated) expect(reach(drawn, under, () => false)).toContain(node);
      }
    }),
    { numRuns: 400, seed: 7 },
  );
});

test("C30: the cut is a function of graph and rules: equal each time, whatever order the rules were named in", () => {
  fc.assert(
    fc.property(graphs, ({ drawn, roots, cut, noCopy }) => {
      const first = cutOf(drawn, roots, { cut, noCopy });
      expect(cutOf(drawn, roots, { cut: [...cut].reverse(), noCopy: [...noCopy].reverse() })).toEqual(first);
    }),
    { numRuns: 100, seed: 7 },
  );
});
