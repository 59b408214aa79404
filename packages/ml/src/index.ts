export type { GaussianNBModel } from "./bayes/gaussian.js";
export type { FeatureBins } from "./boosting/bins.js";
export type { BoostedNodes } from "./boosting/boosted-nodes.js";
export type { BoostedClassifier, BoostedRegressor, BoostedTrees } from "./boosting/predict.js";
export type { KMeansModel } from "./cluster/k-means.js";
export { readCsv, readCsvBlock } from "./csv/read.js";
export { type CsvBlockOptions, scanCsv } from "./csv/scan.js";
export type { CsvBlock, CsvColumn, CsvScan, CsvSchema, CsvType } from "./csv/types.js";
export * from "./errors.js";
export type { LinearModel } from "./linear/least-squares.js";
export type { LogisticModel } from "./linear/logistic.js";
export type { AdaBoostModel } from "./model/ada-boost.js";
export { gini, rocAuc } from "./model/auc.js";
export { fromBytes, toBytes } from "./model/bytes.js";
export type { Feature } from "./model/features.js";
export {
  fit,
  fitColumns,
  type Predicted,
  type PredictedColumns,
  predict,
  predictColumns,
  predictProba,
} from "./model/fit.js";
export {
  type Classifier,
  MODEL_NAMES,
  type Model,
  type ModelOf,
  type Regressor,
  type TargetOf,
} from "./model/models.js";
export { averageProbabilities, type Probabilities, probabilityOf } from "./model/probabilities.js";
export { aucOf, aucOfParts, averageScores, type ScoredRows, scoredRows } from "./model/scored-rows.js";
export type * from "./model/specs.js";
export type { ForestModel, ForestRegressor } from "./model/trees.js";
export { generatePaysim, PAYSIM_COLUMNS, type PaysimOptions, writePaysimCsv } from "./paysim.js";
export { csvBlocks } from "./rules/csv-blocks.js";
export { ds } from "./rules/ds.js";
export { type KeyedScores, ml } from "./rules/ml.js";
export { type Classes, classesOf, type Label } from "./table/classes.js";
export { canonicalTable, decodeTable, encodeTable, tableCodec } from "./table/codec.js";
export { columnNames, select, takeRows } from "./table/columns.js";
export { downsample, stratifiedSplit, undersample } from "./table/sample.js";
export type { TreeNodes, WeightedNodes } from "./tree/node-store.js";
