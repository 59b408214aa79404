import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createRandom } from "@graphvm/engine";
import { aucOf, type ExtraTreesSpec, fit, predictProba, readCsv, select, stratifiedSplit } from "@graphvm/ml";
import type { Table } from "apache-arrow";
import { expect, test } from "vitest";

const sample = fileURLToPath(new URL("../../../../shared/data/paysim_sample.csv", import.meta.url));

const FEATURES = ["step", "type", "amount", "oldbalanceOrg", "newbalanceOrig", "oldbalanceDest", "newbalanceDest"];
const SEEDS = 8;

function whyNot(): string | undefined {
  if (!existsSync(sample)) return `${sample} is not there`;
  try {
    execFileSync("python3", ["-c", "import sklearn"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "python3 with scikit-learn is not there";
  }
}

const PYTHON = `
import json, sys
import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score
aucs = []
for split in json.load(sys.stdin):
    def table(part):
        return np.array(part["x"], dtype=np.float32).T, np.array(part["y"])
    x, y = table(split["train"])
    model = ExtraTreesClassifier(n_estimators=10, min_samples_leaf=10, random_state=split["seed"]).fit(x, y)
    x, y = table(split["test"])
    aucs.append(roc_auc_score(y, model.predict_proba(x)[:, 1]))
print(json.dumps(aucs))
`;

/** Columns of numbers, texts by their position among the sorted types. */
function plain(table: Table): { x: number[][]; y: number[] } {
  const types = ["CASH_IN", "CASH_OUT", "DEBIT", "PAYMENT", "TRANSFER"];
  const column = (name: string): number[] =>
    name === "type"
      ? [...table.getChild(name)!].map((type) => types.indexOf(type as string))
      : [...(table.getChild(name)!.toArray() as Float64Array)];
  return { x: FEATURES.map(column), y: column("isFraud") };
}

const reason = whyNot();

test.skipIf(reason !== undefined)(
  `L4: AUC is scikit-learn's within .02${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  async () => {
    const table = select(await readCsv(sample), [...FEATURES, "isFraud"]);
    const spec: ExtraTreesSpec = { model: "ExtraTreesClassifier", n_estimators: 10, min_samples_leaf: 10 };
    const splits = Array.from({ length: SEEDS }, (_, seed) =>
      stratifiedSplit(table, "isFraud", 0.7, createRandom(seed)),
    );
    const ours = splits.map(([train, rest], seed) => {
      return aucOf(predictProba(fit({ ...spec, seed }, train, "isFraud"), rest), rest, "isFraud");
    });
    const input = JSON.stringify(
      splits.map(([train, rest], seed) => ({ seed, train: plain(train), test: plain(rest) })),
    );
    const printed = execFileSync("python3", ["-c", PYTHON], { input, encoding: "utf8", maxBuffer: 1e8 });
    const theirs = JSON.parse(printed) as number[];
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
    expect(theirs).toHaveLength(SEEDS);
    expect(Math.abs(mean(ours) - mean(theirs)), `ours ${mean(ours)}, theirs ${mean(theirs)}`).toBeLessThan(0.02);
    expect(mean(ours)).toBeGreaterThan(0.9);
  },
);
