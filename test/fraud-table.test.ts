import { expect, test } from "vitest";
import { makeFraudTable } from "../bench/dist/fraud-table-work.js";

test("L16: the fraud table's twelve pipelines give the same bits each time, distributed or not, and scikit-learn's AUC", async () => {
  const { data, rows, lines } = await makeFraudTable({ rows: 40_000, seed: 0, workers: 2 });
  expect([data, rows]).toEqual(["generated", 40_000]);
  expect(lines.map(({ pipeline, sampling }) => `${pipeline}, ${sampling}`)).toEqual([
    "single, all rows",
    "single, undersample",
    "downsampled, downsample",
    ...["bagged", "doubly batched", "distributed"].flatMap((pipeline) =>
      ["all rows", "downsample", "undersample"].map((sampling) => `${pipeline}, ${sampling}`),
    ),
  ]);
  expect(lines.every(({ reproduced }) => reproduced)).toBe(true);
  const [batched, distributed] = ["doubly batched", "distributed"].map((name) =>
    lines.filter(({ pipeline }) => pipeline === name).map(({ digest }) => digest),
  );
  expect(distributed).toEqual(batched);
  for (const { pipeline, sampling, auc, others, sklearn } of lines) {
    const name = `${pipeline}, ${sampling}`;
    expect(auc, name).toBeGreaterThan(0.55); // ten frauds to judge by: chance has its say in a single forest
    if (sklearn === undefined || sampling === "downsample") continue;
    expect(Math.abs(others.mean - sklearn.mean), `${name}: ${others.mean}, ${sklearn.mean}`).toBeLessThan(0.05);
  }
});
