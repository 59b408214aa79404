import type { Ref } from "@graphvm/engine";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, tempFolder, write } from "../helpers.js";

type Faults = typeof import("../fixtures/faults.js");
type Numbers = typeof import("../fixtures/numbers.js");

test("C32: a rule that never ends is an error by the limit on nodes; what was dispatched stays readable", async () => {
  await using cluster = await disposableCluster({ maxNodes: 2000 });
  const { session } = cluster;
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const value = await session.calc(numbers.many(10));
  const error = await failureOf(session.jobDeps([faults.endless(0)]));
  expect(error).toMatchObject({ code: "GVM1104" });
  expect(error.message).toContain("faults.endless");
  expect(await session.getData(numbers.many(10))).toBe(value);
  // and its nodes count no more
  expect((await session.jobDeps([numbers.many(300)])).nodes).toBeGreaterThan(900);
});

test("C32: a rule that loops is stopped by the clock; programs, graphs and values are there afterwards", async () => {
  await using cluster = await disposableCluster({ plannerSeconds: 1 });
  const { session } = cluster;
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const value = await session.calc(numbers.many(10), { cut: ["numbers.left"] });
  const inner = await session.getData(numbers.noise(3));
  const others = [failureOf(session.jobDeps([faults.loops()])), session.getData(numbers.left(2)), session.graphStats()];
  expect(await others[0]).toMatchObject({
    code: "GVM3301",
    message: expect.stringContaining("more than 1 seconds and got as far as faults.loops: faults.loops may never end"),
    fields: { seconds: 1, rule: "faults.loops" },
  });
  expect(await others[1]).toBeTypeOf("number");
  expect(await session.getData(numbers.many(10))).toBe(value);
  expect(await session.getData(numbers.noise(3))).toBe(inner);
  expect((await session.graphStats()).nodes).toBeGreaterThan(30);
  expect(await session.calc(numbers.diamond(99))).toBeTypeOf("number");
});

test("C32: a module that never finishes loading is stopped too, and the old version goes on", async () => {
  const folder = tempFolder();
  const numbers = (body: string): string =>
    `import { apply, namespace, rule } from "@graphvm/rules";\n${body}\nexport const ns = namespace("ns", { one: rule(() => apply(() => 1)()) });`;
  await using cluster = await disposableCluster({ plannerSeconds: 1 });
  const { session } = cluster;
  const path = write(folder, { "m.ts": numbers("") });
  const { ns } = await session.load<{ ns: { one(): Ref<number> } }>(path);
  expect(await session.calc(ns.one())).toBe(1);
  write(folder, { "m.ts": numbers("while (Date) {}") });
  expect(await failureOf(session.load(path))).toMatchObject({
    code: "GVM3301",
    message: expect.stringMatching(/^Loading m took more than 1 seconds: it may never end/),
  });
  expect(await session.getData(ns.one())).toBe(1);
  expect((await session.status()).programs).toHaveLength(1);
});

test("C32: a rule that throws is an error with its place; the planner goes on", async () => {
  await using cluster = await disposableCluster();
  const { session } = cluster;
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  const error = await failureOf(session.jobDeps([faults.badRule()]));
  expect(error).toMatchObject({ code: "GVM1102" });
  expect(error.message).toContain("faults.badRule");
  expect(error.cause).toMatchObject({ name: "TypeError", message: "this rule is wrong" });
  expect((error.cause as Error).stack).toContain("faults.ts:");
  expect((await session.jobDeps([faults.exits()])).list).toHaveLength(1);
});

test("C32: planning runs nothing and computes nothing", async () => {
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  const jobs = await session.jobDeps([faults.needsThrow("luck")], { cut: ["faults.throws"] });
  expect(jobs.list.map((job) => [job.rule, job.nodes])).toEqual([
    ["faults.throws", 1],
    ["faults.needsThrow", 1],
  ]);
  expect(jobs.list[1]!.inputs).toEqual([jobs.list[0]!.id]);
  expect((await session.status()).jobs.total).toBe(0);
});

test("C33: the graph is drawn whole, or folded by rule above a number of nodes, with the workers of its jobs", async () => {
  await using cluster = await disposableCluster();
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  await session.calc(numbers.diamond(1), { cut: ["numbers.left"] });
  const whole = await session.graph();
  expect(whole.picture).toMatchObject({ folded: false });
  expect(whole.picture.nodes.map((node) => node.rule).sort()).toEqual(
    ["numbers.diamond", "numbers.left", "numbers.noise", "numbers.right"].sort(),
  );
  expect(whole.picture.edges).toHaveLength(4);
  expect(Object.values(whole.workers)).toEqual(Object.values(whole.workers).map(() => "w1"));
  const folded = await session.graph({ fold: 2 });
  expect(folded.picture).toMatchObject({ folded: true });
  expect(folded.picture.nodes.reduce((sum, node) => sum + node.count, 0)).toBe(4);
});
