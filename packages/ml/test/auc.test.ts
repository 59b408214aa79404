import { gini, rocAuc } from "@graphvm/ml";
import fc from "fast-check";
import { expect, test } from "vitest";
import { failure } from "./support.js";

/** The definition: every pair of a positive and a negative row, ties half. */
function byDefinition(labels: readonly number[], scores: readonly number[]): number {
  let sum = 0;
  let pairs = 0;
  labels.forEach((label, i) => {
    if (label !== 1) return;
    labels.forEach((other, j) => {
      if (other === 1) return;
      pairs++;
      if (scores[i]! > scores[j]!) sum += 1;
      else if (scores[i]! === scores[j]!) sum += 0.5;
    });
  });
  return sum / pairs;
}

const rows = fc
  .array(
    fc.tuple(
      fc.integer({ min: 0, max: 1 }),
      fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true }), fc.constant(-0)),
    ),
    {
      minLength: 2,
      maxLength: 60,
    },
  )
  .filter((pairs) => pairs.some(([label]) => label === 1) && pairs.some(([label]) => label === 0));

test("is the definition, exactly, in any order of rows", () => {
  fc.assert(
    fc.property(rows, fc.nat(), (pairs, turn) => {
      const labels = pairs.map(([label]) => label);
      const scores = pairs.map(([, score]) => score);
      const auc = rocAuc(labels, scores);
      expect(auc).toBe(byDefinition(labels, scores));
      const at = turn % pairs.length;
      const turned = [...pairs.slice(at), ...pairs.slice(0, at)];
      expect(
        rocAuc(
          turned.map(([label]) => label),
          turned.map(([, score]) => score),
        ),
      ).toBe(auc);
      expect(gini(labels, scores)).toBe(2 * auc - 1);
    }),
  );
});

test("known values", () => {
  expect(rocAuc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])).toBe(0.75);
  expect(rocAuc([true, false], [1, 1])).toBe(0.5);
  expect(rocAuc(new Uint8Array([1, 0]), new Float64Array([0, 1]))).toBe(0);
});

test("one class, lengths that differ, NaN", async () => {
  expect(await failure(() => rocAuc([1, 1], [0, 1]))).toMatchObject({ code: "GVM5014", fields: { classes: 1 } });
  expect(await failure(() => rocAuc([], []))).toMatchObject({ code: "GVM5014", fields: { classes: 0 } });
  expect(await failure(() => rocAuc([1, 0], [1]))).toMatchObject({ code: "GVM5015" });
  expect(await failure(() => rocAuc([1, 0], [1, Number.NaN]))).toMatchObject({ code: "GVM5013", fields: { row: 1 } });
});
