import { apply, clone, dispatch, file, int, namespace, nodeId, type Op, rule, string, when } from "@graphvm/rules";
import { readRefs, Scope, writeRefs } from "@graphvm/rules/internal";
import { expect, test } from "vitest";

const one = (x: unknown): unknown => x;
const body = (x: unknown): Op => apply(one, x)();

const ns = namespace("placed", {
  free: rule(body),
  large: rule(body, { on: { tier: "large", plane: "eu" } }),
  total: rule(body, { exports: true }),
  some: dispatch({ on: { tier: "large" } }, when([int], body), when([string], body, { on: { tier: "small" } })),
});

test("D18: a rule, a dispatch and its clauses say where their nodes may run; it is no part of the node's id", () => {
  const placement = (ref: ReturnType<typeof ns.free>) => ref.rule.placement?.(ref.params);
  expect(placement(ns.free(1))).toBeUndefined();
  expect(placement(ns.large(1))).toEqual({ on: { plane: "eu", tier: "large" } });
  expect(placement(ns.total(1))).toEqual({ exports: true });
  expect(placement(ns.some(1))).toEqual({ on: { tier: "large" } });
  expect(placement(ns.some("a"))).toEqual({ on: { tier: "small" } });
  const copy = clone(ns, "copy", {});
  expect(placement(copy.large(1))).toEqual({ on: { plane: "eu", tier: "large" } });
  const same = namespace("placed", { free: rule(body, { on: { tier: "large" } }) });
  expect(nodeId(same.free(1))).toBe(nodeId(ns.free(1)));
});

test("D18: labels and options that are none are refused", () => {
  const wrong = (placement: unknown) => () => rule(body, placement as object);
  expect(wrong({ on: { tier: 3 } })).toThrow(expect.objectContaining({ code: "GVM1206" }));
  expect(wrong({ on: { "a b": "c" } })).toThrow(expect.objectContaining({ code: "GVM1206" }));
  expect(wrong({ on: "eu" })).toThrow(expect.objectContaining({ code: "GVM1206" }));
  expect(wrong({ at: { plane: "eu" } })).toThrow(expect.objectContaining({ code: "GVM2002" }));
  expect(wrong({ exports: "yes" })).toThrow(expect.objectContaining({ code: "GVM2002" }));
});

test("E3 D9: the plane of a file is part of its identity, and travels", () => {
  const free = ns.free(file("x.csv"));
  const eu = ns.free(file("x.csv", { on: { plane: "eu" } }));
  const us = ns.free(file("x.csv", { on: { plane: "us" } }));
  expect(new Set([free, eu, us].map(nodeId)).size).toBe(3);
  const scope = new Scope(() => () => undefined);
  scope.addNamespace(ns);
  const read = readRefs(JSON.parse(JSON.stringify(writeRefs([free, eu, us]))), scope);
  expect(read.map(nodeId)).toEqual([free, eu, us].map(nodeId));
  expect(read[1]!.params[0]).toMatchObject({ uri: "x.csv", on: { plane: "eu" } });
  const forged = { refs: [["placed", "free", [{ $file: { uri: "x.csv", plane: "no plane!" } }]]], roots: [0] } as const;
  expect(() => readRefs(forged, scope)).toThrow(expect.objectContaining({ code: "GVM2006" }));
});

test("D9: a file can be bound to a plane and to nothing else", () => {
  const wrong = (on: unknown) => () => file("x.csv", { on: on as { plane: string } });
  expect(wrong({ tier: "large" })).toThrow(expect.objectContaining({ code: "GVM1206" }));
  expect(wrong({ plane: "eu", tier: "large" })).toThrow(expect.objectContaining({ code: "GVM1206" }));
  expect(wrong({ plane: "" })).toThrow(expect.objectContaining({ code: "GVM1206" }));
});

test("a rule's exports are true or a whole number of bytes; anything else is refused", () => {
  const body = (): Op<number> => apply(() => 1)();
  for (const exports of [true, false, { maxBytes: 0 }, { maxBytes: 4096 }]) rule(body, { exports });
  for (const exports of [
    "yes",
    7,
    { maxBytes: -1 },
    { maxBytes: 1.5 },
    { maxBytes: "1" },
    {},
    { maxBytes: 1, more: 2 },
    null,
  ])
    expect(() => rule(body, { exports } as never)).toThrow("{ maxBytes: n }");
});
