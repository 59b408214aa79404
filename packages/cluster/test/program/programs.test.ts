import { runInThisContext } from "node:vm";
import { apply, namespace, type Op, partial, type Ref, rule } from "@graphvm/rules";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture, lineOf, tempFolder, write } from "../helpers.js";

type Words = typeof import("../fixtures/words.js");
type Numbers = typeof import("../fixtures/numbers.js");
type One = { readonly ns: { one(): Ref<number>; two(): Ref<number> }; readonly base?: { get(): Ref<number> } };

/** A function as a user's own file would have it: the test runner rewrites what it loads. */
const genuine = (source: string): (() => unknown) => runInThisContext(source) as () => unknown;

const IMPORTS = `import { apply, mr, namespace, partial, rule } from "@graphvm/rules";`;
const one = (value: number): string =>
  `${IMPORTS}\nexport const ns = namespace("ns", { one: rule(() => apply(() => ${value})()), two: rule(() => apply((x) => x * 2)(ns.one())) });`;

test("C41: load gives the module evaluated from the very bundle that was shipped", async () => {
  await using cluster = await disposableCluster();
  const { session } = cluster;
  const module = await session.load<Words & { default?: unknown }>(fixture("words.ts"));
  expect(Object.keys(module).sort()).toEqual(["countWords", "sum", "words"]);
  expect(module.countWords("a b a")).toEqual([
    ["a", 2],
    ["b", 1],
  ]);
  const { words } = await import("../fixtures/words.js");
  expect(module.words).not.toBe(words);
  // the same text again is the same module
  expect(await session.load(fixture("words.ts"))).toBe(module);
});

test("C47: sessions of one process that load the same program share its module, and each has its names", async () => {
  await using cluster = await disposableCluster();
  await using other = await disposableCluster();
  const folder = tempFolder();
  const path = write(folder, { "m.ts": one(3) });
  const first = await cluster.session.load<One>(path);
  const second = await (await cluster.open()).load<One>(path);
  const third = await other.session.load<One>(path);
  expect(second).toBe(first);
  expect(third).toBe(first);
  expect(await other.session.calc(third.ns.two())).toBe(6);
  // another text, and the same under another name, are others
  expect(await other.session.load<One>(path, { name: "twin" }).catch((error: unknown) => error)).not.toBe(first);
  write(folder, { "m.ts": one(4) });
  expect(await cluster.session.load<One>(path)).not.toBe(first);
});

test("C47: what sees its session's namespaces is evaluated for each session", async () => {
  await using cluster = await disposableCluster();
  const source = (n: number) => `import { apply, namespace, rule } from "@graphvm/rules";
    export const base = namespace("base", { get: rule(() => apply(() => ${n})()) });`;
  const text = `import { base, extend } from "graphvm/session"; export const got = base;`;
  const values: unknown[] = [];
  for (const n of [1, 2]) {
    const session = await cluster.open();
    const { base } = await session.remoteEval<{ base: object }>(source(n));
    const { got } = await session.remoteEval<{ got: object }>(text);
    expect(got).toBe(base);
    values.push(got);
  }
  expect(values[0]).not.toBe(values[1]);
});

test("C42: a namespace that is not exported is known on the workers", async () => {
  await using cluster = await disposableCluster({ threads: 0, sockets: 1 });
  const { words } = await cluster.session.load<Words>(fixture("words.ts"));
  const counts = await cluster.session.calc(words.count("b a b", 1), { cut: ["lines.batch"] });
  expect(new Map(counts.flat())).toEqual(
    new Map([
      ["a", 1],
      ["b", 2],
    ]),
  );
  expect((await cluster.session.graphStats()).rules).toMatchObject({ "lines.batch": 1 });
});

test("C43: a changed program starts the graph over, everywhere alike; workers that come later have it too", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 1, sockets: 1 });
  const { session } = cluster;
  const path = write(folder, { "m.ts": one(1) });
  const { ns } = await session.load<One>(path);
  expect(await session.calc(ns.two(), { cut: ["ns.one"] })).toBe(2);
  write(folder, { "m.ts": one(5) });
  const again = await session.load<One>(path);
  expect(await failureOf(session.getData(again.ns.two()))).toMatchObject({ code: "GVM3501" });
  expect(await session.calc(again.ns.two(), { cut: ["ns.one"] })).toBe(10);
  await cluster.addSocket();
  for (const id of (await session.status()).workers.slice(0, 2).map((worker) => worker.id)) await cluster.kill(id);
  expect(await session.calc(again.ns.two(), { cut: ["ns.one"] })).toBe(10);
  expect((await session.status()).programs).toHaveLength(1);
});

test("C43: the same program again changes nothing", async () => {
  await using cluster = await disposableCluster();
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const value = await session.calc(numbers.many(2));
  await session.load(fixture("numbers.ts"));
  expect(await session.getData(numbers.many(2))).toBe(value);
});

test("C43: a program that redefines another's rules starts the graph over: no worker has old and new values", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 2 });
  const { session } = cluster;
  const first = await session.load<One>(write(folder, { "a.ts": one(1) }));
  expect(await session.calc(first.ns.two(), { cut: ["ns.one"] })).toBe(2);
  const second = await session.load<One>(write(folder, { "b.ts": one(3) }));
  expect(await session.calc(second.ns.two(), { cut: ["ns.one"] })).toBe(6);
  await session.addRules("ns", { one: genuine("() => apply(() => 7)()") });
  expect(await session.calc(second.ns.one())).toBe(7);
});

test("C43: adding rules keeps the graph; they may use the session's namespaces and the DSL, and nothing else", async () => {
  await using cluster = await disposableCluster({ threads: 1, sockets: 1 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const value = await session.calc(numbers.diamond(1));
  const more = (await session.addRules("numbers", {
    tenfold: genuine("(i) => apply((x) => x * 10)(numbers.diamond(i))"),
  })) as unknown as { tenfold(i: number): Ref<number> };
  expect(await session.getData(numbers.diamond(1))).toBe(value);
  expect(await session.calc(more.tenfold(1))).toBe(value * 10);
  const error = await failureOf(session.addRules("numbers", { bad: genuine("() => apply(() => outside)()") }));
  expect(error).toMatchObject({ code: "GVM1005", fields: { variables: ["outside"] } });
});

test("C43: rules that were added survive a new version of the program below them", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  const path = write(folder, { "m.ts": one(1) });
  await session.load<One>(path);
  const added = (await session.addRules("ns", { ten: genuine("() => apply((x) => x * 10)(ns.one())") })) as unknown as {
    ten(): Ref<number>;
  };
  expect(await session.calc(added.ten())).toBe(10);
  write(folder, { "m.ts": one(2) });
  await session.load(path);
  expect(await session.calc(added.ten())).toBe(20);
  await cluster.addSocket(); // a worker that comes now learns all of it
  await cluster.kill("w1");
  expect(await session.calc(added.ten())).toBe(20);
});

test("C43: remoteEval loads a module from text, which may import the session's namespaces", async () => {
  await using cluster = await disposableCluster();
  const { session } = cluster;
  await session.load(fixture("numbers.ts"));
  const { extra } = await session.remoteEval<{ extra: { double(i: number): Ref<number> } }>(`
    import { numbers } from "graphvm/session";
    import { apply, namespace, rule } from "@graphvm/rules";
    export const extra = namespace("extra", { double: rule((i: number) => apply((x: number) => x * 2)(numbers.half(i))) });
  `);
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  expect(await session.calc(extra.double(3))).toBe((await session.calc(numbers.half(3))) * 2);
});

test("C43: a version that can't be loaded leaves values, rules and recording as they were", async () => {
  const folder = tempFolder();
  await using cluster = await disposableCluster({ threads: 2 });
  const { session } = cluster;
  const path = write(folder, { "m.ts": one(1) });
  const { ns } = await session.load<One>(path);
  expect(await session.calc(ns.two(), { cut: ["ns.one"] })).toBe(2);
  for (const [text, code] of [
    ["export const x = (;", "GVM3101"],
    [`${one(2)}\nthrow new Error("no");`, "GVM3103"],
    [`${one(2)}\nexport const twice = namespace("ns", {});`, "GVM3104"],
  ] as const) {
    write(folder, { "m.ts": text });
    expect(await failureOf(session.load(path))).toMatchObject({ code });
    expect(await session.getData(ns.two())).toBe(2);
  }
  await cluster.kill("w1");
  await cluster.kill("w2");
  expect(await session.calc(ns.two(), { cut: ["ns.one"] })).toBe(2);
});

test("C43: two sessions in one process, with two versions of a program, do not see each other", async () => {
  const [left, right] = [tempFolder(), tempFolder()];
  await using first = await disposableCluster();
  await using second = await disposableCluster();
  const one1 = await first.session.load<One>(write(left, { "m.ts": one(1) }));
  const one2 = await second.session.load<One>(write(right, { "m.ts": one(100) }));
  const [a, b] = await Promise.all([first.session.calc(one1.ns.two()), second.session.calc(one2.ns.two())]);
  expect([a, b]).toEqual([2, 200]);
});

const closed = namespace("local", { make: rule((): Op<number> => apply(() => 1)()) });

test("C44: functions travel by their export's name, or by their source where they capture nothing", async () => {
  await using cluster = await disposableCluster({ threads: 0, sockets: 1 });
  const { session } = cluster;
  const { words, countWords } = await session.load<Words>(fixture("words.ts"));
  const { mr } = await import("@graphvm/rules");
  const batch = session.calc(words.count("x y x", 1));
  expect(new Map((await batch).flat())).toEqual(
    new Map([
      ["x", 2],
      ["y", 1],
    ]),
  );
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const lines = (await session.remoteEval(
    `import { apply, namespace, rule } from "@graphvm/rules"; export const texts = namespace("texts", { one: rule(() => apply(() => "p q p")()) });`,
  )) as unknown as { texts: { one(): Ref<string> } };
  expect(await session.calc(mr.mapper(lines.texts.one(), countWords))).toEqual([
    ["p", 2],
    ["q", 1],
  ]);
  expect(await session.calc(mr.mapper(numbers.block(3), (values: Float64Array) => values.length * 7))).toBe(21);
  const mapper = partial(mr.mapper, (values: Float64Array) => values[2]!);
  expect(await session.calc(mapper(numbers.block(3)))).toBe(2);
  const captured = 3;
  const error = await failureOf(
    (async () => session.calc(mr.mapper(numbers.block(3), (v: Float64Array) => v[captured])))(),
  );
  expect(error).toMatchObject({ code: "GVM1005" });
  expect(await failureOf(session.calc(closed.make()))).toHaveProperty("code", expect.stringMatching(/^GVM2/));
});

test("C46: the stack of an atom that throws names the user's TypeScript line, in threads and other processes", async () => {
  type Faults = typeof import("../fixtures/faults.js");
  await using cluster = await disposableCluster({ threads: 1, processes: 1 });
  const { session } = cluster;
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  const line = lineOf("faults.ts", "thrown here");
  await cluster.kill("w1").catch(() => {});
  for (const what of ["a", "b", "c", "d"]) {
    const error = await failureOf(session.calc(faults.throws(what)));
    expect((error.cause as Error).stack).toContain(`${fixture("faults.ts")}:${line}:`);
    expect(error.message).toContain("faults.throws");
  }
});

test("C46: the stack of a module that throws while it loads names the user's line", async () => {
  await using cluster = await disposableCluster({ threads: 0 });
  const path = write(tempFolder(), { "a.ts": `const what: string = "broken";\n\nthrow new TypeError(what);\n` });
  const error = await failureOf(cluster.session.load(path));
  expect(error).toMatchObject({ code: "GVM3103" });
  expect((error.cause as Error).stack).toContain(`${path}:3:7`);
});
