import { identifyFunction } from "@graphvm/engine/internal";
import {
  apply,
  BadWireError,
  clone,
  file,
  namespace,
  nodeId,
  type Op,
  partial,
  type Ref,
  rule,
  UnknownNameError,
} from "@graphvm/rules";
import { type Json, readRefs, Scope, type WireRefs, writeRefs } from "@graphvm/rules/internal";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const t = namespace("t", {
  f: rule((...params: unknown[]): Op<number> => apply((n: number) => n, params.length)()),
  g: rule((_x: Ref<unknown>, ...rest: unknown[]): Op<number> => apply((n: number) => n, rest.length)()),
  link: rule((_x: Ref<unknown> | null): Op<number> => apply(() => 1)()),
});
const copy = clone(t, "copy", {});
const exported = (x: number): number => x;
identifyFunction(exported, { kind: "export", program: "main", name: "exported" });

function scope(): Scope {
  const made = new Scope((source, namespaces) =>
    new (Object.getPrototypeOf(() => {}).constructor)(...namespaces.keys(), `return ${source}`)(...namespaces.values()),
  );
  made.addNamespace(t);
  made.addNamespace(copy);
  made.addExport("main", "exported", exported);
  return made;
}
const throughJson = (...roots: Ref[]): Ref[] =>
  readRefs(JSON.parse(JSON.stringify(writeRefs(roots))) as WireRefs, scope());

const text = fc.string({ unit: "binary" });
const { param } = fc.letrec<{ param: unknown; ref: Ref }>((tie) => ({
  ref: fc.array(tie("param"), { maxLength: 3 }).map((params) => t.f(...params)),
  param: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.constantFrom(
        undefined,
        null,
        true,
        false,
        -0,
        Number.NaN,
        Infinity,
        -Infinity,
        file("x.csv"),
        file("y", { sha256: "aa", size: 3 }),
      ),
      fc.constantFrom(
        (x: number) => x + 1,
        function (this: unknown, a = 2) {
          return a;
        },
        exported,
        t.f,
        copy.g,
      ),
      fc.double(),
      fc.bigInt(),
      text,
      fc.date({ noInvalidDate: false }),
      fc.uint8Array(),
      fc.float64Array(),
      fc.bigInt64Array(),
    ),
    fc.array(tie("param"), { maxLength: 5 }),
    fc
      .array(fc.tuple(fc.oneof(text, fc.constantFrom("__proto__", "$ref", "$x", "toString")), tie("param")), {
        maxLength: 5,
      })
      .map((entries) => Object.fromEntries(entries)),
    tie("ref"),
    fc.array(tie("param"), { maxLength: 3 }).map((rest) => partial(t.g, ...rest)),
    fc.array(tie("param"), { maxLength: 3 }).map((rest) => partial(copy.g, ...rest)),
  ),
}));

describe("D12: refs travel as JSON and come back as the same nodes", () => {
  test("D12: any params give equal node ids", () => {
    fc.assert(
      fc.property(fc.array(param, { maxLength: 4 }), (params) => {
        const ref = t.f(...params);
        const [back] = throughJson(ref);
        expect(nodeId(back!)).toBe(nodeId(ref));
        expect(JSON.stringify(writeRefs([back!]))).toBe(JSON.stringify(writeRefs([ref])));
      }),
      { numRuns: 500 },
    );
  });

  test("D12: holes come back as undefined; closed functions work; typed arrays keep their type", () => {
    // biome-ignore lint/suspicious/noSparseArray: what this is about
    const ref = t.f([1, , 2], (x: number) => x * 2, Buffer.from([1]), Float32Array.of(0.5));
    const [back] = throughJson(ref);
    expect(nodeId(back!)).toBe(nodeId(ref));
    const [holes, fn, bytes, floats] = back!.params as [unknown[], (x: number) => number, unknown, unknown];
    expect([holes, fn(4), bytes, floats]).toEqual([[1, undefined, 2], 8, Uint8Array.of(1), Float32Array.of(0.5)]);
  });

  test("D12: a ref that is meant in several places is written once, however many objects it is", () => {
    const shared = (): Ref => t.f("shared");
    const wire = writeRefs([t.g(shared(), [shared(), { x: shared() }]), shared(), t.f(partial(t.g, shared()))]);
    expect(wire.refs.length).toBe(3);
    expect(wire.refs.filter(([, , params]) => params[0] === "shared").length).toBe(1);
    let both = t.link(null);
    for (let i = 0; i < 200; i++) both = t.f(both, both);
    expect(writeRefs([both]).refs.length).toBe(201);
    expect(nodeId(throughJson(both)[0]!)).toBe(nodeId(both));
  });

  test("D12: chains of 100,000 refs", () => {
    let chain = t.link(null);
    for (let i = 0; i < 100_000; i++) chain = t.link(chain);
    expect(nodeId(throughJson(chain)[0]!)).toBe(nodeId(chain));
  });

  test("D12: a date 1,000 levels deep", () => {
    let deep: unknown = new Date(0);
    for (let i = 0; i < 1000; i++) deep = [deep];
    expect(nodeId(throughJson(t.f(deep))[0]!)).toBe(nodeId(t.f(deep)));
  });
});

describe("D13: what can't travel is refused where it is written", () => {
  test.each([[42], [undefined], [null], [t], [t.f]])("D13: %s is no ref", (root) => {
    expect(() => writeRefs([root as unknown as Ref])).toThrow(
      expect.objectContaining({ code: "GVM2003", message: expect.stringContaining("A ref is needed") }),
    );
  });

  const made = (source: string): unknown => new (Object.getPrototypeOf(() => {}).constructor)(`return ${source}`)();

  test("D13: functions that capture, are built in, or need a namespace the receiver has not", () => {
    expect(() => writeRefs([t.f(made("(x) => x + y"))])).toThrow(/captures "y"/);
    expect(() => writeRefs([t.f(Math.max)])).toThrow(/is built in/);
    const uses = t.f(made("(x) => t.f(x) + copy.f(x)"));
    expect(() => writeRefs([uses], { hasNamespace: (name) => name === "t" })).toThrow(/captures "copy"/);
    expect(writeRefs([uses], { hasNamespace: () => true }).refs.length).toBe(1);
  });
});

describe("D14: what is malformed is refused where it is read", () => {
  const one = (param: unknown): WireRefs => ({ refs: [["t", "f", [param as Json]]], roots: [0] });

  test.each<[string, unknown]>([
    ["null", null],
    ["a list", []],
    ["no refs", { roots: [] }],
    ["no roots", { refs: [] }],
    ["refs that are no lists", { refs: [1], roots: [] }],
    ["a short ref", { refs: [["t"]], roots: [] }],
    ["params that are no list", { refs: [["t", "f", { length: 1 }]], roots: [] }],
    ["a name that is no text", { refs: [["t", 1, []]], roots: [] }],
    ["a root that is not there", { refs: [], roots: [0] }],
    ["a root before the first", { refs: [["t", "f", []]], roots: [-1] }],
    ["a ref to itself", one({ $ref: 0 })],
    ["a ref by text", one({ $ref: "0" })],
    ["an unknown form", one({ $what: 1 })],
    ["two forms at once", one({ $ref: 0, $date: 1 })],
    ["a number that is none", one({ $number: "toString" })],
    ["a number of another type", one({ $number: 1 })],
    ["a bigint of letters", one({ $bigint: "1x" })],
    ["a date that is text", one({ $date: "2020-01-01" })],
    ["a file that is none", one({ $file: null })],
    ["a file without URI", one({ $file: {} })],
    ["an unknown typed array", one({ $typed: ["Array", ""] })],
    ["typed bytes that are no base64", one({ $typed: ["Uint8Array", "***"] })],
    ["half a number", one({ $typed: ["Float64Array", "AAAA"] })],
    ["an object of pairs that are none", one({ $object: [["a"]] })],
    ["an object of other keys", one({ $object: [[1, 1]] })],
    ["a closed function without text", one({ $closed: [1, []] })],
    ["a closed function without namespaces", one({ $closed: ["(() => 1)"] })],
    ["a partial without params", one({ $partial: ["t", "g"] })],
    ["an export by number", one({ $export: [1, 2] })],
    ["nesting without end", one(JSON.parse(`${"[".repeat(3000)}1${"]".repeat(3000)}`))],
  ])("D14: %s", (_, wire) => {
    expect(() => readRefs(wire as WireRefs, scope())).toThrow(BadWireError);
  });

  test.each<[string, unknown]>([
    ["a namespace", { refs: [["nope", "f", []]], roots: [] }],
    ["a rule", { refs: [["t", "nope", []]], roots: [] }],
    ["what every object has", { refs: [["t", "toString", []]], roots: [] }],
    ["a member", one({ $member: ["t", "constructor"] })],
    ["a partial's rule", one({ $partial: ["t", "nope", []] })],
    ["an export", one({ $export: ["main", "nope"] })],
    ["a program", one({ $export: ["nope", "exported"] })],
    ["a closed function's namespace", one({ $closed: ["(() => nope.f())", ["nope"]] })],
  ])("D14: %s that isn't loaded is UnknownNameError", (_, wire) => {
    expect(() => readRefs(wire as WireRefs, scope())).toThrow(UnknownNameError);
  });

  test("D14: random JSON crashes nothing", () => {
    const tagged = fc.constantFrom(
      "$ref",
      "$number",
      "$bigint",
      "$date",
      "$file",
      "$typed",
      "$object",
      "$member",
      "$partial",
      "$export",
    );
    const { json } = fc.letrec<{ json: Json }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        fc.oneof(
          fc.constant(null),
          fc.integer({ max: 3, min: -1 }),
          text,
          fc.constantFrom("t", "f", "NaN", "Uint8Array"),
        ),
        fc.array(tie("json"), { maxLength: 4 }),
        fc.dictionary(fc.oneof(text, tagged), tie("json"), { maxKeys: 2 }),
        fc.tuple(tagged, tie("json")).map(([tag, inner]) => ({ [tag]: inner })),
      ),
    })) as { json: fc.Arbitrary<Json> };
    fc.assert(
      fc.property(json, (inner) => {
        try {
          readRefs(one(inner), scope());
        } catch (error) {
          expect(error).toSatisfy((e) => e instanceof BadWireError || e instanceof UnknownNameError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("D15: a scope says what names mean", () => {
  test("D15: a later namespace of a name replaces the earlier one, for closed functions too", () => {
    const names = scope();
    const closed = (): unknown => names.closed("((x) => t.f(x))", ["t"]);
    const before = closed();
    expect(closed()).toBe(before);
    const newer = namespace("t", { f: rule((): Op<number> => apply(() => 2)()) });
    names.addNamespace(newer);
    expect(closed()).not.toBe(before);
    expect((closed() as (x: number) => Ref)(1).rule).toBe(names.rule("t", "f"));
    expect(names.namespaceNames()).toEqual(["copy", "t"]);
    names.addNamespace({});
    expect(names.hasNamespace("u")).toBe(false);
  });
});
