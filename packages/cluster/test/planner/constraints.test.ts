import { apply, file, namespace, type Op, type Ref, rule } from "@graphvm/rules";
import { expect, test } from "vitest";
import { PlannerGraph } from "../../dist/planner/planner-graph.js";

const one = (...values: unknown[]): unknown => values;
const op = (...deps: Ref[]): Op => apply(one as () => unknown)(...(deps as []));
const read = (uri: string, plane?: string): Op =>
  apply(one as (source: unknown) => unknown, file(uri, plane ? { on: { plane } } : {}))();

/** The jobs of a graph by rule: inputs, labels, and the plane the value may not leave. */
function plan(root: Ref, noCopy: readonly string[] = []) {
  const { jobs } = new PlannerGraph(1000).plan([root], new Set(), new Set(noCopy));
  const ruleOf = new Map(jobs.map((job) => [job.id, job.rule.split(".")[1]!]));
  return Object.fromEntries(
    jobs.map(({ id, inputs, on, bound, nodes }) => [
      ruleOf.get(id)!,
      { inputs: inputs.map((input) => ruleOf.get(input)), on, bound, nodes },
    ]),
  );
}

test("C50: a node with other labels than what needs it becomes a job, and jobs carry their labels", () => {
  const ns = namespace("c", {
    leaf: rule((): Op => op()),
    large: rule((): Op => op(ns.leaf()), { on: { tier: "large" } }),
    also: rule((): Op => op(ns.large()), { on: { tier: "large" } }),
    small: rule((): Op => op(ns.also()), { on: { tier: "small" } }),
    top: rule((): Op => op(ns.small(), ns.leaf())),
  });
  expect(plan(ns.top())).toEqual({
    also: { inputs: [], on: { tier: "large" }, bound: undefined, nodes: 3 },
    small: { inputs: ["also"], on: { tier: "small" }, bound: undefined, nodes: 1 },
    top: { inputs: ["small"], on: undefined, bound: undefined, nodes: 2 },
  });
});

test("C51: what is made from a bound file is bound, up to a rule that exports; that one is a job", () => {
  const ns = namespace("c", {
    read: rule((): Op => read("a.csv", "eu")),
    clean: rule((): Op => op(ns.read())),
    total: rule((): Op => op(ns.clean()), { exports: true }),
    share: rule((): Op => op(ns.total())),
    top: rule((): Op => op(ns.share(), ns.share())),
  });
  expect(plan(ns.top())).toEqual({
    total: { inputs: [], on: { plane: "eu" }, bound: undefined, nodes: 3 },
    top: { inputs: ["total"], on: undefined, bound: undefined, nodes: 2 },
  });
  expect(plan(ns.clean())).toEqual({ clean: { inputs: [], on: { plane: "eu" }, bound: "eu", nodes: 2 } });
});

test("C52: values of two planes that meet are an error that names rule and values", () => {
  const ns = namespace("c", {
    read: rule((plane: string): Op => read("a.csv", plane)),
    join: rule((): Op => op(ns.read("eu"), ns.read("us"))),
    files: rule(
      (): Op =>
        apply(
          one as (a: unknown, b: unknown) => unknown,
          file("a", { on: { plane: "eu" } }),
          file("b", { on: { plane: "us" } }),
        )(),
    ),
  });
  const wrong = (root: Ref) => () => plan(root);
  expect(wrong(ns.join())).toThrow(/rule c\.join needs values of two planes: c\.read\("eu"\).*c\.read\("us"\)/);
  expect(wrong(ns.join())).toThrow(expect.objectContaining({ code: "GVM3601" }));
  expect(wrong(ns.files())).toThrow(/rule c\.files .* file\("a"\) is bound to eu, file\("b"\) to us/);
});

test("C52: a rule on another plane than what it needs is an error that names rule and value; it may run on its own", () => {
  const ns = namespace("c", {
    read: rule((): Op => read("a.csv", "eu")),
    there: rule((): Op => op(ns.read()), { on: { plane: "us" } }),
    here: rule((): Op => op(ns.read()), { on: { plane: "eu", tier: "large" } }),
  });
  expect(() => plan(ns.there())).toThrow(
    /rule c\.there runs on plane us and needs c\.read\(\), which is bound to plane eu/,
  );
  expect(() => plan(ns.there())).toThrow(expect.objectContaining({ code: "GVM3602" }));
  expect(plan(ns.here())).toEqual({
    read: { inputs: [], on: { plane: "eu" }, bound: "eu", nodes: 1 },
    here: { inputs: ["read"], on: { plane: "eu", tier: "large" }, bound: "eu", nodes: 1 },
  });
});

test("C50: what must run beside a value that is never copied can't need other labels", () => {
  const ns = namespace("c", {
    held: rule((): Op => op(), { on: { tier: "large" } }),
    beside: rule((): Op => op(ns.held()), { on: { tier: "small" } }),
    after: rule((): Op => op(ns.held())),
  });
  expect(() => plan(ns.beside(), ["c.held"])).toThrow(expect.objectContaining({ code: "GVM3604" }));
  expect(plan(ns.after(), ["c.held"])).toMatchObject({ held: { on: { tier: "large" } }, after: { inputs: ["held"] } });
});
