import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Table } from "apache-arrow";
import { COLUMNS } from "./fraud-table-pipeline.js";

/** AUCs of the same work for several seeds. */
export interface Aucs {
  readonly mean: number;
  readonly least: number;
  readonly greatest: number;
}

/** How many. */
export const SEEDS = 5;

/** Models to train, one a table, and to average. */
interface SklearnWork {
  readonly name: string;
  readonly trains: readonly Table[];
}

const TYPES = ["CASH_IN", "CASH_OUT", "DEBIT", "PAYMENT", "TRANSFER"];

const SCRIPT = `
import json, sys
import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score
folder, works = sys.argv[1], json.loads(sys.argv[2])
def table(part):
    a = np.fromfile(f"{folder}/{part}.bin").reshape(${COLUMNS.length}, -1)
    return np.ascontiguousarray(a[:-1].T), a[-1].astype(int)
test_x, test_y = table("test")
def scored(x, y, seed):
    model = ExtraTreesClassifier(n_estimators=10, min_samples_leaf=10, random_state=seed, n_jobs=1).fit(x, y)
    return model.predict_proba(test_x)[:, -1] if len(model.classes_) == 2 else np.full(len(test_y), float(model.classes_[0]))
result = {}
for name, parts in works.items():
    tables = [table(part) for part in parts]
    aucs = []
    for seed in range(${SEEDS}):
        scores = [scored(x, y, 100 * seed + i) for i, (x, y) in enumerate(tables)]
        aucs.append(roc_auc_score(test_y, np.mean(scores, axis=0)))
    result[name] = {"mean": float(np.mean(aucs)), "least": min(aucs), "greatest": max(aucs)}
print(json.dumps(result))
`;

/** What scikit-learn's extra trees make of the same rows; undefined, after a word on stderr, where it is not there. */
export function sklearnAucs(
  folder: string,
  works: readonly SklearnWork[],
  test: Table,
): Record<string, Aucs> | undefined {
  const write = (name: string, table: Table): string => {
    writeFileSync(join(folder, `${name}.bin`), Buffer.concat(COLUMNS.map((column) => bytesOf(table, column))));
    return name;
  };
  write("test", test);
  const parts = works.map(({ trains }, w) => trains.map((table, t) => write(`train-${w}-${t}`, table)));
  const named = Object.fromEntries(works.map(({ name }, w) => [name, parts[w]]));
  const run = spawnSync("python3", ["-c", SCRIPT, folder, JSON.stringify(named)], { encoding: "utf8" });
  if (run.status === 0) return JSON.parse(run.stdout) as Record<string, Aucs>;
  const why = run.error?.message ?? run.stderr.trim().split("\n").at(-1) ?? "";
  process.stderr.write(`python3 with scikit-learn did not run here (${why}): nothing to compare with\n`);
  return undefined;
}

/** A column as 64-bit floats. */
function bytesOf(table: Table, name: string): Buffer {
  const column = table.getChild(name)!;
  const numbers =
    name === "type"
      ? Float64Array.from(column, (type) => TYPES.indexOf(type as string))
      : Float64Array.from(column.toArray() as Float64Array, Number);
  return Buffer.from(numbers.buffer);
}
