import { differenceOf, differenceText } from "@graphvm/cluster";
import { describe, expect, test } from "vitest";

/** A table as Arrow's look, without Arrow. */
function table(
  columns: { readonly [name: string]: readonly unknown[] },
  types: { readonly [name: string]: string } = {},
) {
  const names = Object.keys(columns);
  return {
    numRows: columns[names[0]!]!.length,
    schema: { fields: names.map((name) => ({ name, type: types[name] ?? "Float64" })) },
    getChild: (name: string) => (columns[name] ? { get: (row: number) => columns[name]![row] } : null),
  };
}

describe("R23: how two values differ", () => {
  test("numbers: by how much, and by how many doubles", () => {
    const found = differenceOf(1, 1 + Number.EPSILON);
    expect(found).toMatchObject({ kind: "number", count: 1, cells: [{ path: "", ulps: 1, absolute: Number.EPSILON }] });
    expect(differenceText(found).join("\n")).toBe(
      "number: differs in 1 place\nvalue: 1 recorded, 1.0000000000000002 here, apart by 2.220446049250313e-16 (1 ulp)",
    );
    expect(differenceOf(-0, 0)).toMatchObject({ count: 1, cells: [{ recorded: "-0", replayed: "0", ulps: 0 }] });
    expect(differenceOf(Number.NaN, 1)).toMatchObject({ count: 1, maxUlps: Infinity });
    expect(differenceOf(Number.NaN, Number.NaN).count).toBe(0);
    expect(differenceOf(-1e-323, 1e-323)).toMatchObject({ maxUlps: 4 });
  });

  test("typed arrays: the first places and the largest distance", () => {
    const a = Float64Array.from({ length: 100 }, (_, i) => i);
    const b = a.map((x, i) => (i >= 40 ? x + 0.5 : x));
    const found = differenceOf(a, b);
    expect(found).toMatchObject({ kind: "Float64Array", count: 60, maxAbsolute: 0.5 });
    expect(found.cells.map(({ path }) => path)).toEqual(["[40]", "[41]", "[42]", "[43]", "[44]"]);
    expect(differenceOf(Float32Array.of(1), Float32Array.of(1 + 1 / 8_388_608))).toMatchObject({ maxUlps: 1 });
    expect(differenceOf(a, a.subarray(0, 99)).cells).toEqual([{ path: ".length", recorded: "100", replayed: "99" }]);
  });

  test("objects, lists, maps, dates: the path", () => {
    const a = { name: "x", list: [1, { deep: "old" }], at: new Date(0), only: 1, map: new Map([["k", 1n]]) };
    const b = { name: "x", list: [1, { deep: "new" }], at: new Date(1), "new key": 2, map: new Map([["k", 2n]]) };
    expect(differenceOf(a, b).cells.map(({ path, recorded, replayed }) => [path, recorded, replayed])).toEqual([
      [".at", "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.001Z"],
      [".list[1].deep", '"old"', '"new"'],
      [".map[0][1]", "1n", "2n"],
      ['["new key"]', '"(not there)"', "2"],
      [".only", "1", '"(not there)"'],
    ]);
    expect(differenceOf([1], "1")).toMatchObject({ kind: "Array", count: 1 });
  });

  test("tables: columns, rows and first cells", () => {
    const a = table({ id: [1, 2, 3], amount: [10, 20, 30] });
    const b = table({ id: [1, 2, 3], amount: [10, 21, 31] });
    expect(differenceOf(a, b)).toMatchObject({
      ...{ kind: "table", count: 2, maxAbsolute: 1, columns: [{ name: "amount", rows: 2 }] },
      cells: [{ path: "column amount, row 1", recorded: "20", replayed: "21" }, {}],
    });
    expect(differenceText(differenceOf(a, b))).toContain("column amount: 2 rows");
    const typed = table({ id: [1, 2, 3], amount: [10, 20, 30] }, { amount: "Int32" });
    expect(differenceOf(a, typed).cells[0]).toMatchObject({ path: "column amount", recorded: '"Float64"' });
    expect(differenceOf(a, table({ id: [1], amount: [10] })).cells[0]).toEqual({
      ...{ path: "rows", recorded: "3", replayed: "1" },
    });
  });

  test("values that read the same say so", () => {
    expect(differenceText(differenceOf({ a: 1 }, { a: 1 }))[0]).toContain("in form only");
  });
});
