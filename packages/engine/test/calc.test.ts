import {
  AtomFailedError,
  CycleError,
  createGraph,
  ExpansionLimitError,
  type Fold,
  NotComputedError,
  nodeId,
  type Op,
  type Ref,
  RuleFailedError,
} from "@graphvm/engine";
import { Structure } from "@graphvm/engine/internal";
import { describe, expect, test } from "vitest";
import { call, leaf, rejection, rule } from "./helpers.js";

const sum: Fold<number, number> = { init: () => 0, step: (a, b) => a + b };
const fold = (deps: Iterable<Ref>): Op => ({ kind: "fold", fold: sum as Fold<unknown, unknown>, deps });
const add = (a: number, b: number): number => (a + b) % 1_000_007;

const fib = rule<[number], number>("fib", (n): Op => (n < 2 ? call(() => n) : call(add, [], [fib(n - 1), fib(n - 2)])));

describe("E5: rules expand on demand, each node once", () => {
  test("E5: a chain of 1,000,000 nodes overflows nothing", async () => {
    const graph = createGraph();
    let [a, b] = [0, 1];
    for (let i = 0; i < 1_000_000; i++) [a, b] = [b, add(a, b)];
    expect(await graph.calc(fib(1_000_000))).toBe(a);
    expect(graph.stats()).toMatchObject({
      nodes: 1_000_001,
      edges: 1_999_998,
      expanded: 1_000_001,
      computed: 1_000_001,
    });
  });

  test("E5: dependencies may depend on params, and nothing else expands", async () => {
    const expanded: number[] = [];
    const divisors = rule<[number], number>("divisors", (n): Op => {
      expanded.push(n);
      return fold(
        Array.from({ length: n - 1 }, (_, i) => i + 1)
          .filter((d) => n % d === 0)
          .map((d) => divisors(d)),
      );
    });
    await createGraph().calc(divisors(12));
    expect(expanded).toEqual([12, 1, 2, 3, 4, 6]);
  });

  test("E5: dependencies may be a generator of 300,000 refs", async () => {
    function* many(): Generator<Ref> {
      for (let i = 0; i < 300_000; i++) yield leaf(i % 1000);
    }
    const all = rule<[], number>("all", () => fold(many()));
    const list = rule<[], number>("list", () => ({
      kind: "all",
      fn: (xs: number[]) => xs.length,
      params: [],
      deps: many(),
    }));
    const graph = createGraph();
    expect(await graph.calc(all())).toBe(149_850_000);
    expect(await graph.calc(list())).toBe(300_000);
    expect(graph.stats()).toMatchObject({ nodes: 1002, edges: 600_000 });
  });

  test("E5: what two nodes depend on is expanded and computed once", async () => {
    let runs = 0;
    const base = rule<[], number>("base", () => call(() => ++runs));
    const side = rule<[number], number>("side", (n) => call((x: number) => x + n, [], [base()]));
    const top = rule<[], number>("top", () => call((a: number, b: number) => a * b, [], [side(1), side(2)]));
    const graph = createGraph();
    expect(await graph.calc(top())).toBe(6);
    expect(await graph.calc([side(2), top(), base()])).toEqual([3, 6, 1]);
    expect(runs).toBe(1);
    expect(graph.stats().rules).toEqual({ "t.side": 2, "t.base": 1, "t.top": 1 });
  });

  test("E5: a rule that returns a ref, or an alias, has that node's value", async () => {
    const direct = rule<[], number>("direct", () => leaf(7));
    const alias = rule<[], number>("alias", () => ({ kind: "alias", deps: [direct()] }));
    expect(await createGraph().calc(alias())).toBe(7);
  });
});

describe("E6: expansion that can't go on is an error, not a hang", () => {
  test("E6: a ring is printed", async () => {
    const a: (n: number) => Ref = rule("a", (n: number) => (n === 0 ? b() : a(n - 1)));
    const b: () => Ref = rule("b", () => call(Math.max, [], [leaf(1), a(0)]));
    const error = await rejection(createGraph().calc(a(2)));
    expect(error).toBeInstanceOf(CycleError);
    expect(error.message).toContain("t.a(0) -> t.b() -> t.a(0)");
    expect(error.fields.cycle).toEqual(["t.a(0)", "t.b()", "t.a(0)"]);
    const self: () => Ref = rule("self", () => self());
    expect((await rejection(createGraph().calc(self()))).message).toContain("t.self() -> t.self()");
  });

  test("E6: a rule that never ends stops at maxNodes and says where", async () => {
    const endless: (n: number) => Ref = rule("endless", (n: number) => endless(n + 1));
    const graph = createGraph({ maxNodes: 5000 });
    const error = await rejection(graph.calc(endless(0)));
    expect(error).toBeInstanceOf(ExpansionLimitError);
    expect(error.message).toMatch(/past 5,000 nodes at t\.endless\(5000\)/);
    expect(error.fields).toMatchObject({ nodes: 5000, rule: "t.endless" });
    expect(await rejection(graph.calc(leaf("another")))).toBeInstanceOf(ExpansionLimitError);
  });

  test("E6: so does a rule that yields refs for ever, new ones or the same", () => {
    function* forever(make: (i: number) => Ref): Generator<Ref> {
      for (let i = 0; ; i++) yield make(i);
    }
    const wide = rule("wide", (same: boolean) => fold(forever((i) => leaf(same ? 0 : i))));
    const structure = new Structure({ nodes: 1000, edges: 100_000 });
    expect(() => structure.expand(structure.intern(wide(false)))).toThrow(/past 1,000 nodes at t\.leaf\(/);
    const other = new Structure({ nodes: 1000, edges: 100_000 });
    expect(() => other.expand(other.intern(wide(true)))).toThrow(/past 100,000 dependencies at t\.wide\(true\)/);
    expect(other.edges).toBe(0);
  });

  test("E6: somebody else may stop it, at every 1,024 nodes or 65,536 dependencies", () => {
    let looks = 0;
    const structure = new Structure({
      nodes: 1e9,
      check: () => {
        if (++looks === 3) throw new Error("time is up");
      },
    });
    const wide = rule("wide", () => fold(Array.from({ length: 300_000 }, () => leaf(0))));
    expect(() => structure.expand(structure.intern(wide()))).toThrow("time is up");
  });
});

describe("E7: a rule's body returns an op or a ref", () => {
  test.each([
    [
      "throws",
      () => {
        throw new RangeError("no such day");
      },
      "no such day",
    ],
    ["returns a promise", () => Promise.resolve(leaf(1)), "the rule returned a promise"],
    ["returns nothing", () => undefined, "the rule returned undefined"],
    ["returns a value", () => ({ x: 1 }), "the rule returned object"],
    [
      "depends on something else",
      () => call(Math.max, [], [1 as unknown as Ref]),
      "dependency 0 is no ref but of type number: a value goes into the first brackets",
    ],
  ])("E7: one that %s fails with its node and the way to it", async (_, body, message) => {
    const bad = rule("bad", body as () => Op);
    const top = rule("top", (n: number) => call(Math.max, [], [leaf(n), bad()]));
    const graph = createGraph();
    const error = await rejection(graph.calc(top(3)));
    expect(error).toBeInstanceOf(RuleFailedError);
    expect(error.message).toContain("The rule t.bad() failed: ");
    expect(error.message).toContain(message);
    expect(error.fields).toMatchObject({ node: nodeId(bad()), rule: "t.bad", path: ["t.top", "t.bad"] });
    expect(error.cause).toBeInstanceOf(Error);
    expect(graph.getData(leaf(3))).toBe(3);
  });
});

test("E22: a value without an encoding names its node when its digest is asked for", async () => {
  class Account {}
  const open = rule("open", (n: number) => call(() => new Account(), [n]));
  const graph = createGraph();
  await graph.calc(open(3));
  expect(() => graph.digest(open(3))).toThrow(
    expect.objectContaining({
      code: "GVM1001",
      message: expect.stringMatching(/Account can't be encoded.*\(in t\.open\(3\)\)/),
      fields: expect.objectContaining({ node: nodeId(open(3)), rule: "t.open" }),
    }),
  );
});

test("calc of what is no ref says so", async () => {
  await expect(createGraph().calc(42 as unknown as Ref)).rejects.toThrow("calc takes what calling a rule gives");
});

describe("E8: an atom that fails loses nothing else", () => {
  test("E8: the error names node, rule and path; values are kept; the next calc goes on", async () => {
    let broken = true;
    const runs: string[] = [];
    const part = rule<[string], string>("part", (name) =>
      call(() => {
        runs.push(name);
        if (broken && name === "c") throw new TypeError("not today");
        return name;
      }),
    );
    const whole = rule<[], string>("whole", () =>
      call(
        (...parts: string[]) => parts.join(""),
        [],
        [..."abcd"].map((c) => part(c)),
      ),
    );
    const graph = createGraph();
    const error = await rejection(graph.calc(whole()));
    expect(error).toBeInstanceOf(AtomFailedError);
    expect(error.message).toBe('t.part("c") failed: not today');
    expect(error.fields).toEqual({ node: nodeId(part("c")), rule: "t.part", path: ["t.whole", "t.part"] });
    expect(error.cause).toBeInstanceOf(TypeError);
    expect([graph.hasData(part("b")), graph.hasData(part("c"))]).toEqual([true, false]);
    broken = false;
    expect(await graph.calc(whole())).toBe("abcd");
    expect(runs).toEqual(["a", "b", "c", "c", "d"]);
  });

  test("E8: an atom that returns nothing fails; null is a value", async () => {
    const nothing = rule("nothing", () => call(() => undefined));
    const later = rule("later", () => call(async () => {}));
    expect((await rejection(createGraph().calc(nothing()))).message).toMatch(/returned nothing; return null/);
    expect((await rejection(createGraph().calc(later()))).message).toMatch(/t\.later\(\) failed.*returned nothing/);
    const graph = createGraph();
    expect(await graph.calc(leaf(null))).toBe(null);
    expect([graph.hasData(leaf(null)), graph.getData(leaf(null))]).toEqual([true, null]);
  });

  test("E8: an atom may throw anything", async () => {
    const odd = rule("odd", () =>
      call(() => {
        throw "a string";
      }),
    );
    const error = await rejection(createGraph().calc(odd()));
    expect([error.message, error.cause]).toEqual(["t.odd() failed: a string", "a string"]);
  });

  test("E8: among 100,000 atoms one throws and the others keep their values", async () => {
    const one = rule<[number], number>("one", (i) =>
      call(() => {
        if (i === 99_000) throw new Error("me");
        return i;
      }),
    );
    const all = rule<[], number>("all", () => fold(Array.from({ length: 100_000 }, (_, i) => one(i))));
    const graph = createGraph();
    expect((await rejection(graph.calc(all()))).message).toBe("t.one(99000) failed: me");
    expect(graph.stats()).toMatchObject({ nodes: 100_001, computed: 99_000 });
  });
});

describe("E9: atoms may be asynchronous", () => {
  const later = (value: unknown) => new Promise((resolve) => setImmediate(() => resolve(value)));

  test("E9: async functions, functions that return promises, and their failures", async () => {
    const waits = rule<[number], number>("waits", (n) => call(async () => later(n)));
    const plain = rule<[number], number>("plain", (n) => call(() => later(n)));
    const both = rule<[], number>("both", () => call((a: number, b: number) => a + b, [], [waits(1), plain(2)]));
    expect(await createGraph().calc(both())).toBe(3);
    const fails = rule("fails", () =>
      call(async () => {
        await later(1);
        throw new Error("in the end");
      }),
    );
    const error = await rejection(createGraph().calc(fails()));
    expect([error.message, error.fields.path]).toEqual(["t.fails() failed: in the end", ["t.fails"]]);
    const soon = rule("soon", () => call(() => Promise.reject(new Error("at once"))));
    expect((await rejection(createGraph().calc(soon()))).message).toBe("t.soon() failed: at once");
  });

  test("E9: two calcs that meet at a node run it once, and both see its failure", async () => {
    let runs = 0;
    const slow = rule<[boolean], number>("slow", (fail) =>
      call(async () => {
        runs++;
        await later(1);
        if (fail) throw new Error("both");
        return 5;
      }),
    );
    const half = rule<[number, boolean], number>("half", (n, fail) => call((x: number) => x + n, [], [slow(fail)]));
    const graph = createGraph();
    expect(
      await Promise.all([graph.calc(half(1, false)), graph.calc(half(2, false)), graph.calc(slow(false))]),
    ).toEqual([6, 7, 5]);
    expect(runs).toBe(1);
    const errors = await Promise.all([rejection(graph.calc(half(1, true))), rejection(graph.calc(half(2, true)))]);
    expect(errors.map((error) => error.message)).toEqual(["t.slow(true) failed: both", "t.slow(true) failed: both"]);
    expect(runs).toBe(2);
  });

  test("E9: a fold's functions are synchronous", async () => {
    const reduce = rule("reduce", () => ({
      kind: "fold" as const,
      fold: { init: () => 0, step: async () => 1 } as unknown as Fold<unknown, unknown>,
      deps: [leaf(1)],
    }));
    expect((await rejection(createGraph().calc(reduce()))).message).toMatch(
      /a fold's init, step and finish are synchronous/,
    );
  });
});

describe("E10: values are asked for by ref or id", () => {
  test("E10: what was not computed is an error that says so", async () => {
    const graph = createGraph();
    expect(() => graph.getData(leaf(1))).toThrow(NotComputedError);
    expect(() => graph.getData(nodeId(leaf(1)))).toThrow(/has no value here/);
    expect(() => graph.getData("no id")).toThrow("Node no id has no value here");
    expect(graph.hasData("")).toBe(false);
    await graph.calc(leaf(1));
    expect(graph.getData(nodeId(leaf(1)))).toBe(1);
    expect(graph.digest(leaf(1))).toBe(graph.digest(nodeId(leaf(1))));
  });

  test("E10: a value given from elsewhere is used, and nothing below it expands", async () => {
    const never = rule<[], number>("never", () => {
      throw new Error("expanded");
    });
    const twice = rule<[], number>("twice", () => call((x: number) => 2 * x, [], [never()]));
    const graph = createGraph();
    expect(() => graph.setData(nodeId(never()), undefined)).toThrow(/can't be given undefined/);
    graph.setData(nodeId(never()), 21);
    expect(graph.stats().rules).toEqual({ "(imported)": 1 });
    expect(await graph.calc(twice())).toBe(42);
    expect(graph.stats()).toMatchObject({ nodes: 2, computed: 2, expanded: 1 });
  });
});
