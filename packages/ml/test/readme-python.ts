import { command, ml, py, pyFloat } from "@graphvm/ml";
import { file, type Ref } from "@graphvm/rules";
import type { Table } from "apache-arrow";

/** AUC of a forest of scikit-learn's, and the accuracy that XGBoost itself says it has. */
export function fromPython(train: Ref<Table>, test: Ref<Table>): readonly [auc: Ref<number>, accuracy: Ref<number>] {
  const options = { n_estimators: 100, max_features: pyFloat(1) };
  const forest = py.train(train, "isFraud", "sklearn.ensemble.ExtraTreesClassifier", options);
  const boosted = py.train(train, "isFraud", "xgboost.XGBClassifier", { max_depth: 4 });
  return [ml.score(py.classifyProb(forest, test), test, "isFraud"), py.score(boosted, test, "isFraud")];
}

/** The lines of a file, sorted by the system's program. */
export function sortedLines(path: string): Ref<Uint8Array> {
  const files = command.run({
    command: "sort",
    args: ["-t,", "-k2", "payments.csv"],
    inputs: { "payments.csv": file(path) }, // or bytes, texts, tables (Arrow IPC), and nodes that give one
    stdout: "sorted.csv", // outputs: ["a", "b/c"] for files that it writes
    env: { LC_ALL: "C" }, // all of its environment
    seconds: 60,
  });
  return command.output(files, "sorted.csv");
}
