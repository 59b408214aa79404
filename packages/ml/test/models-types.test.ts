// Right and wrong uses of models, checked by `tsc -p tsconfig.test.json`: every @ts-expect-error must be one.
import {
  type BoostedRegressor,
  type Classes,
  type ForestModel,
  fit,
  type KMeansModel,
  type LinearModel,
  type LogisticModel,
  type ModelSpec,
  ml,
  predict,
  predictProba,
} from "@graphvm/ml";
import type { Ref } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { expect, expectTypeOf, test } from "vitest";

function checked(table: Table, data: Ref<Table>): void {
  expectTypeOf(fit({ model: "ExtraTreesClassifier", n_estimators: 10 }, table, "y")).toEqualTypeOf<ForestModel>();
  expectTypeOf(fit({ model: "Ridge", alpha: 2 }, table, "y")).toEqualTypeOf<LinearModel>();
  expectTypeOf(fit({ model: "KMeans" }, table, null)).toEqualTypeOf<KMeansModel>();
  const logistic = fit({ model: "LogisticRegression", C: 3 }, table, "y");
  expectTypeOf(predict(logistic, table)).toEqualTypeOf<Classes>();
  expectTypeOf(predict(fit({ model: "Lasso" }, table, "y"), table)).toEqualTypeOf<Float64Array>();
  const boosted = ml.train(data, "y", { model: "HistGradientBoostingRegressor", max_iter: 3 });
  expectTypeOf(boosted).toEqualTypeOf<Ref<BoostedRegressor>>();
  expectTypeOf(ml.train(data, "y", { model: "LogisticRegression" })).toEqualTypeOf<Ref<LogisticModel>>();
  expectTypeOf(ml.train(data, null, { model: "KMeans" })).toEqualTypeOf<Ref<KMeansModel>>();

  // @ts-expect-error there is no such model
  fit({ model: "SVC" }, table, "y");
  // @ts-expect-error a tree is one
  const tree: ModelSpec = { model: "DecisionTreeClassifier", n_estimators: 3 };
  // @ts-expect-error an option of another model
  const ridge: ModelSpec = { model: "Ridge", l1_ratio: 0.5 };
  // @ts-expect-error a number
  fit({ model: "Ridge", alpha: "2" }, table, "y");
  // @ts-expect-error not a criterion of classes
  fit({ model: "RandomForestClassifier", criterion: "squared_error" }, table, "y");
  // @ts-expect-error clusters learn from all columns
  fit({ model: "KMeans" }, table, "y");
  // @ts-expect-error a model of a column is told which
  fit({ model: "Ridge" }, table, null);
  // @ts-expect-error numbers have no probabilities
  predictProba(fit({ model: "Ridge" }, table, "y"), table);
  // @ts-expect-error the same as a rule
  ml.classifyProb(ml.train(data, "y", { model: "Ridge" }), data);
  // @ts-expect-error a metric of numbers
  ml.classifierMetrics({ models: { a: { model: "GaussianNB" } }, y: "y", train: data, test: data }, ["rmse"]);
  // @ts-expect-error a model of numbers
  ml.classifierMetrics({ models: { a: { model: "Ridge" } }, y: "y", train: data, test: data }, ["auc"]);
  expect([tree, ridge]).toBeDefined();
}

test("L1: wrong uses don't compile", () => {
  expect(checked).toBeInstanceOf(Function);
});
