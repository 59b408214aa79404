import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { generatePaysim, PAYSIM_COLUMNS, readCsv, writePaysimCsv } from "@graphvm/ml";
import { expect, test } from "vitest";
import { failure, tempPath } from "./support.js";

const rows = 200_000;
const text = [...generatePaysim({ rows, seed: 3 })].join("");
const lines = text.trimEnd().split("\n");
const records = lines.slice(1).map((line) => line.split(","));

test("the published structure", () => {
  expect(lines[0]).toBe(PAYSIM_COLUMNS.join(","));
  expect(records).toHaveLength(rows);
  const count = (type: string) => records.filter((record) => record[1] === type).length / rows;
  expect(count("CASH_OUT")).toBeCloseTo(0.352, 2);
  expect(count("PAYMENT")).toBeCloseTo(0.338, 2);
  expect(count("CASH_IN")).toBeCloseTo(0.22, 2);
  expect(count("TRANSFER")).toBeCloseTo(0.084, 2);
  expect(count("DEBIT")).toBeCloseTo(0.0065, 2);
  expect(text.length / rows).toBeGreaterThan(70);
  expect(text.length / rows).toBeLessThan(85);
  const steps = records.map((record) => Number(record[0]));
  expect([steps[0], steps.at(-1)]).toEqual([1, 743]);
  expect(steps.every((step, i) => i === 0 || step >= steps[i - 1]!)).toBe(true);
});

test("fraud: .13 %, only TRANSFER and CASH_OUT, the account emptied", () => {
  const frauds = records.filter((record) => record[9] === "1");
  expect(frauds.length / rows).toBeGreaterThan(0.0009);
  expect(frauds.length / rows).toBeLessThan(0.0017);
  for (const [, type, amount, , old, after] of frauds) {
    expect(["TRANSFER", "CASH_OUT"]).toContain(type);
    expect([old, after]).toEqual([amount, "0.0"]);
  }
});

test("merchants take payments and show no balance; balances do not go below 0", () => {
  for (const [, type, , from, , after, to, destOld, destNew] of records) {
    if (from![0] !== "C" || to![0] !== (type === "PAYMENT" ? "M" : "C"))
      throw new Error(`${type} from ${from} to ${to}`);
    if (type === "PAYMENT" && (destOld !== "0.0" || destNew !== "0.0")) throw new Error("a merchant has a balance");
    if (after!.startsWith("-") || destNew!.startsWith("-")) throw new Error("a balance below 0");
  }
});

test("the same bytes from the same seed", () => {
  const sha256 = (seed: number) => {
    const hash = createHash("sha256");
    for (const piece of generatePaysim({ rows: 10_000, seed })) hash.update(piece);
    return hash.digest("hex");
  };
  expect(sha256(0)).toBe("20398a7d5387d858e77033afa9e4d24a34cbecaf97abaf524fbdb977bade3802");
  expect(sha256(0)).not.toBe(sha256(1));
});

test("written whole or not at all", async () => {
  const path = tempPath("paysim.csv");
  const size = await writePaysimCsv(path, { rows: 5000 });
  expect(readFileSync(path).length).toBe(size);
  expect((await readCsv(path)).numRows).toBe(5000);
  expect(readdirSync(dirname(path)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  const absent = tempPath("absent/paysim.csv");
  await expect(writePaysimCsv(absent, { rows: 10 })).rejects.toThrow(/ENOENT/);
  expect(existsSync(absent)).toBe(false);
  for (const bad of [0, -1, 1.5, Number.NaN]) {
    expect(await failure(() => writePaysimCsv(path, { rows: bad }))).toMatchObject({ code: "GVM5010", exitCode: 2 });
  }
});
