import { applySteps, fitSteps } from "@graphvm/ml";
import { type Table, tableFromArrays } from "apache-arrow";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failure } from "./support.js";

const TABLE = tableFromArrays({
  a: [1, 2, null, -4],
  b: [10, 0, 3, 2],
  name: ["Braund, Mr. Owen", "Heikkinen, Miss. Laina", null, "Nobody"],
  old: [true, false, null, true],
  "of two": [1, 2, 3, 4],
});

function valuesOf(formula: string, table: Table = TABLE): unknown[] {
  const steps = [{ step: "derive", columns: { result: formula } }] as const;
  return [...applySteps(fitSteps(steps, table), table).getChild("result")!];
}

describe("L12: formulae", () => {
  test.each([
    ["a + b * 2", [21, 2, null, 0]],
    ["(a + b) * 2", [22, 4, null, -4]],
    ["-2 ^ 2 + 2 ^ 3 ^ 2 + 2 ^ -1", Array(4).fill(508.5)],
    ["7 - 2 - 1", Array(4).fill(4)],
    ["b % 4", [2, 0, 3, 2]],
    ["`of two` * 1e1", [10, 20, 30, 40]],
    ["a > 1 or b = 3", [false, true, true, false]],
    ["not a > 1 and b != 0", [true, false, null, true]],
    ["a < 0 && !old", [false, false, null, false]],
    ["if(a > 0, 'yes', 'no')", ["yes", "yes", null, "no"]],
    ["if(isNull(a), 0, a)", [1, 2, 0, -4]],
    ["coalesce(a, b, 9)", [1, 2, 3, -4]],
    ["log(a)", [0, Math.log(2), null, null]],
    ["b / (a - 1)", [null, 0, null, -0.4]],
    ["abs(a) + sqrt(4) + round(2.5) + round(-1.25, 1) + floor(1.9) + ceil(.1)", [6.7, 7.7, null, 9.7]],
    ["max(a, b, 1) - min(a, b)", [9, 2, null, 6]],
    ["clip(b, 1, 5) + sign(b) + exp(0) + log10(100) + log1p(0)", [9, 4, 7, 6]],
    ["number(old) + length(name)", [17, 22, null, 7]],
    ["textBetween(name, ', ', '.')", ["Mr", "Miss", null, null]],
    ["concat(upper('x'), lower('Y'), trim(' z '))", Array(4).fill("Xyz")],
    ["contains(name, 'Mr') or startsWith(name, 'No') or endsWith(name, 'a')", [true, true, null, true]],
    ["'it''s' = \"it's\"", Array(4).fill(true)],
    ["name < 'C'", [true, false, null, false]],
    ["if(old, null, 1)", [null, 1, null, null]],
  ])("%s", (formula, expected) => {
    const found = valuesOf(formula);
    expect(found).toHaveLength(expected.length);
    found.forEach((value, i) => {
      const wanted = expected[i];
      if (typeof wanted === "number") expect(value).toBeCloseTo(wanted, 12);
      else expect(value).toBe(wanted);
    });
  });

  test.each([
    ["", 1, /the formula ends here/],
    ["a +", 4, /the formula ends here/],
    ["a + * b", 5, /"\*" is not expected/],
    ["(a + b", 7, /a "\)" belongs here/],
    ["a b", 3, /"b" is not expected/],
    ["a # b", 3, /"#" means nothing/],
    ["1 + 'abc", 5, /never closed/],
    ["a + missing", 5, /no column "missing"; the table has a, b, name/],
    ["sin(a)", 1, /no function "sin"; there are not, abs/],
    ["a + name", 5, /this is a text, and a number belongs here/],
    ["a = name", 5, /must be alike/],
    ["if(a, 1, 2)", 4, /this is a number, and true or false/],
    ["if(old, 1, 'x')", 12, /must be alike/],
    ["abs(a, b)", 1, /abs takes 1 arguments, not 2/],
    ["a < b < 3", 7, /don't chain/],
    ["a = null", 3, /isNull/],
    ["null", 1, /always null/],
    ["constructor", 1, /no column/],
    ["toString()", 1, /no function/],
    [`${"(".repeat(300)}1${")".repeat(300)}`, 202, /deeper than 200/],
  ])("%s: an error at %d", async (formula, position, message) => {
    const error = await failure(() => valuesOf(formula));
    expect(error).toMatchObject({ code: "GVM5050", fields: { formula, position } });
    expect(error.message).toMatch(message);
  });

  test("a formula that is too long is said to be, before the stack ends", async () => {
    const formula = Array(1000).fill("1").join(" + ");
    expect(await failure(() => valuesOf(formula))).toMatchObject({ code: "GVM5050", fields: { position: 803 } });
  });

  test("any text is a formula or an error with a position", () => {
    const piece = fc.constantFrom(
      "a",
      "b",
      "old",
      "name",
      "1",
      ".5",
      "'x'",
      "`",
      "(",
      ")",
      ",",
      "+",
      "-",
      "^",
      "<",
      "=",
      "not",
      "and",
      "if(",
      "max(",
      " ",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 12 }).map((all) => all.join("")),
          fc.string(),
        ),
        (formula) => {
          try {
            valuesOf(formula);
          } catch (error) {
            expect(error).toMatchObject({ code: "GVM5050" });
          }
        },
      ),
      { numRuns: 500, seed: 3 },
    );
  });

  test("arithmetic is JavaScript's, whatever the tree", () => {
    const leaf = fc.integer({ min: 0, max: 9 }).map((n): [string, number] => [String(n), n]);
    const { tree } = fc.letrec<{ tree: [string, number] }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc
          .tuple(tie("tree"), fc.constantFrom("+", "-", "*"), tie("tree"))
          .map(([[l, a], sign, [r, b]]): [string, number] => [
            `(${l}) ${sign} (${r})`,
            sign === "+" ? a + b : sign === "-" ? a - b : a * b,
          ]),
        tie("tree").map(([t, v]): [string, number] => [`-(${t})`, -v]),
      ),
    }));
    fc.assert(
      fc.property(tree, ([formula, value]) => {
        expect(Number(valuesOf(formula)[0]) + 0).toBe(value + 0);
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  test("a formula sees the columns before it, and may replace its own", () => {
    const steps = [{ step: "derive", columns: { c: "b + 1", d: "c * 2", b: "0" } }] as const;
    const made = applySteps(fitSteps(steps, TABLE), TABLE);
    expect([...made.getChild("d")!]).toEqual([22, 2, 8, 6]);
    expect([...made.getChild("b")!]).toEqual([0, 0, 0, 0]);
    expect(made.schema.fields.map(({ name }) => name)).toEqual(["a", "b", "name", "old", "of two", "c", "d"]);
  });
});
