import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { digestValue } from "@graphvm/engine";
import { type DanfoFrame, type DanfoModule, derive, fromDanfo, select, sql, toDanfo } from "@graphvm/ml";
import { expect, test } from "vitest";
import { failure, rowsOf, tempFile } from "./support.js";

/** As much of danfo as travels. */
class Frame implements DanfoFrame {
  readonly columns: string[];
  readonly dtypes: string[];
  readonly shape: number[];
  readonly getColumnData: unknown;
  constructor(data: { [name: string]: unknown[] }, options: { columns: string[]; dtypes: string[] }) {
    this.columns = options.columns;
    this.dtypes = options.dtypes;
    this.getColumnData = this.columns.map((name) => data[name]);
    this.shape = [Object.values(data)[0]?.length ?? 0, this.columns.length];
  }
}

const TABLE = sql(`SELECT * FROM (VALUES
  (1, 9007199254740991, 0.1::DOUBLE, 'é', true, NULL::INTEGER),
  (-2, 3, NULL, NULL, NULL, 7),
  (3, 4, 2.5, '', false, 8)) t(whole, large, number, text, flag, gaps)`);

async function checkWayThere<F extends DanfoFrame>(danfo: DanfoModule<F>): Promise<F> {
  const table = await TABLE;
  const frame = await toDanfo(table, danfo);
  expect(frame.shape).toEqual([3, 6]);
  expect(frame.dtypes).toEqual(["int32", "int32", "float32", "string", "boolean", "float32"]);
  const back = fromDanfo(frame);
  expect(back.schema.fields.map(({ type }) => String(type))).toEqual([
    ...["Int32", "Float64", "Float64", "Utf8", "Bool", "Float64"],
  ]);
  const same = ["whole", "number", "text", "flag"];
  expect(digestValue(select(back, same))).toBe(digestValue(select(table, same)));
  expect(rowsOf(select(back, ["large", "gaps"]))).toEqual([
    [9007199254740991, null],
    [3, 7],
    [4, 8],
  ]);
  const none = await toDanfo(table.slice(0, 0), danfo);
  expect(none.columns).toEqual(frame.columns);
  expect(fromDanfo(none).numRows).toBe(0);
  return frame;
}

test("F16: a table becomes a frame and the other way, nulls and types as far as danfo has them", () =>
  checkWayThere({ DataFrame: Frame }));

test("F16: what danfo can't hold is an error; so is danfo that is not there", async () => {
  const danfo = { DataFrame: Frame };
  const table = await TABLE;
  for (const made of ["9007199254740993", "DATE '2020-01-01'", "1.5::DECIMAL(4, 2)"]) {
    const other = await derive(table, { large: made });
    expect(await failure(() => toDanfo(other, danfo))).toMatchObject({ code: "GVM5011", fields: { column: "large" } });
  }
  const lists = { columns: ["a"], dtypes: ["object"], shape: [1, 1], getColumnData: [[[1]]] };
  expect(await failure(() => fromDanfo(lists))).toMatchObject({ code: "GVM5011", fields: { column: "a" } });
  const missing = await failure(() => toDanfo(table));
  expect(missing).toMatchObject({ code: "GVM5044", message: expect.stringContaining("npm install danfojs-node") });
});

/** danfo's own dependencies point outside the registry, or compile: these are the same from inside it. */
const OVERRIDES = {
  "@tensorflow/tfjs-node": "npm:@tensorflow/tfjs@^4.22.0",
  xlsx: "npm:@e965/xlsx@^0.20.3",
};

test.skipIf(process.env.GRAPHVM_TEST_DANFO !== "1")(
  "F16: with danfojs-node itself, installed apart (335 MB: only with GRAPHVM_TEST_DANFO=1)",
  { timeout: 600_000 },
  async () => {
    const path = tempFile(
      JSON.stringify({ private: true, dependencies: { "danfojs-node": "1.2.0" }, overrides: OVERRIDES }),
      "package.json",
    );
    const cwd = path.slice(0, path.lastIndexOf("/"));
    const run = spawnSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd, encoding: "utf8" });
    expect(run.status, run.stderr).toBe(0);
    type Real = DanfoFrame & { query(by: unknown): Real; readonly whole: { gt(n: number): unknown; mean(): number } };
    const danfo = createRequire(path)("danfojs-node") as DanfoModule<Real>;
    const frame = await checkWayThere(danfo);
    expect(frame.whole.mean()).toBeCloseTo(2 / 3);
    expect(rowsOf(fromDanfo(frame.query(frame.whole.gt(0))))).toEqual([
      [1, 9007199254740991, 0.1, "é", true, null],
      [3, 4, 2.5, "", false, 8],
    ]);
  },
);
