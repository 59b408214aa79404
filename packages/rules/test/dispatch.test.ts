import {
  any,
  apply,
  array,
  arrayOf,
  bigint,
  boolean,
  ClauseChoiceError,
  createGraph,
  date,
  dispatch,
  file,
  func,
  int,
  namespace,
  number,
  type Op,
  object,
  type PatternLike,
  partial,
  type Ref,
  ref,
  rule,
  shape,
  string,
  when,
} from "@graphvm/rules";
import { describe, expect, test } from "vitest";

const value = (text: string): Op<string> => apply((t: string) => t, text)();
const other = namespace("other", { one: rule((): Op<number> => apply(() => 1)()) });
const two = namespace("two", { two: rule((_: Ref<number>, n: number): Op<number> => apply((x: number) => x, n)()) });

/** A rule with a clause for each list of patterns; its value is the number of the clause chosen. */
function choosing(...lists: (readonly PatternLike[])[]): (...params: unknown[]) => Promise<string> {
  const clauses = lists.map((patterns, i) => when(patterns, (() => value(String(i))) as never));
  const t = namespace("t", { f: dispatch(...clauses) }) as unknown as { f: (...params: unknown[]) => Ref<string> };
  return (...params) => createGraph().calc(t.f(...params));
}

describe("D3: the most specific clause that matches is chosen: literal, refined type, type, any", () => {
  const ladder: PatternLike[][] = [[any], [number], [int], [int.max(10)], [int.max(10).min(3)], [4]];
  test.each<[unknown, string]>([
    ["text", "0"],
    [0.5, "1"],
    [Number.NaN, "1"],
    [11, "2"],
    [1, "3"],
    [3, "4"],
    [4, "5"],
  ])("D3: %s gets clause %s, however the clauses are ordered", async (param, clause) => {
    expect(await choosing(...ladder)(param)).toBe(clause);
    const reversed = await choosing(...[...ladder].reverse())(param);
    expect(reversed).toBe(String(ladder.length - 1 - Number(clause)));
  });

  test.each<[PatternLike[][], unknown[], string]>([
    [
      [
        ["a", int],
        [string, 1],
        ["a", 1],
      ],
      ["a", 1],
      "2",
    ],
    [
      [
        [any, any],
        [ref(), int],
        [ref(), 0],
      ],
      [other.one(), 0],
      "2",
    ],
    [[[any], [any, any]], [1, 2], "1"],
    [[[], [any]], [], "0"],
    [[[array], [arrayOf(number)], [arrayOf(int)]], [[1, 2]], "2"],
    [[[array], [arrayOf(number)], [arrayOf(int)]], [[1, 0.5]], "1"],
    [[[array], [arrayOf(number)], [arrayOf(int)]], [["x"]], "0"],
    [[[object], [shape({ model: "Tree" })]], [{ model: "Tree", depth: 1 }], "1"],
    [[[object], [shape({ model: "Tree" })]], [{ model: "Line" }], "0"],
    [[[boolean], [true]], [true], "1"],
    [[[null], [any]], [null], "0"],
    [[[1n], [bigint]], [1n], "0"],
    [[[0], [-0]], [-0], "1"],
    [[[Number.NaN], [number]], [Number.NaN], "0"],
    [[[date], [any]], [new Date(0)], "0"],
    [[[func], [any]], [(x: number) => x], "0"],
    [[[func], [any]], [partial(two.two, 1)], "0"],
    [[[object], [any]], [file("x")], "1"],
    [[[object], [any]], [other.one()], "1"],
    [[[object], [any]], [Uint8Array.of(1)], "1"],
    [[[string.where((s) => s.length > 2, "long")], [string]], ["abc"], "0"],
    [[[string.where((s) => s.length > 2, "long")], [string]], ["ab"], "1"],
  ])("D3: case %#", async (clauses, params, clause) => {
    expect(await choosing(...clauses)(...params)).toBe(clause);
  });
});

describe("D4: no match, or two that are equally specific, is an error that explains every clause", () => {
  const message = async (f: Promise<unknown>): Promise<string> => {
    const error = await f.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ClauseChoiceError);
    return (error as Error).message;
  };

  test("D4: nothing matches", async () => {
    const text = await message(choosing([int.max(1)], [string], [ref(), any])("x".length + 5));
    expect(text).toBe(
      [
        "t.f(6) matches no clause:",
        "  [int.max(1)]: param 1 (6) is not int.max(1)",
        "  [string]: param 1 (6) is not string",
        "  [ref, any]: takes 2 params, not 1",
        "Add a clause, or change the params.",
      ].join("\n"),
    );
  });

  test("D4: two are equally specific", async () => {
    const text = await message(choosing([int, any], [any, int], [string, any])(1, 2));
    expect(text).toContain(
      "t.f(1, 2) matches several clauses equally well:\n  [int, any]: matches\n  [any, int]: matches",
    );
    expect(text).toContain("[string, any]: param 1 (1) is not string");
    expect(await message(choosing([any], [any])(1))).toContain("equally well");
  });

  test("D4: a clause above both settles it, one above only some of them does not", async () => {
    expect(await choosing([int, any], [any, int], [int, int])(1, 2)).toBe("2");
    const three = [
      [5, any, any],
      [any, 5, any],
      [any, any, 5],
    ];
    expect(await message(choosing(...three, [5, any, 5])(5, 5, 5))).toContain("equally well");
    expect(await choosing(...three, [5, 5, 5])(5, 5, 5)).toBe("3");
  });

  test("D4: the error names rule and clauses", async () => {
    const error = await choosing([string])(1).catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: "GVM2001",
      fields: { rule: "t.f", clauses: ["[string]: param 1 (1) is not string"], path: ["t.f"] },
    });
  });
});
