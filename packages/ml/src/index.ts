export type { GaussianNBModel } from "./bayes/gaussian.js";
export type { FeatureBins } from "./boosting/bins.js";
export type { BoostedNodes } from "./boosting/boosted-nodes.js";
export type { BoostedClassifier, BoostedRegressor, BoostedTrees } from "./boosting/predict.js";
export { confusionChart, importanceChart } from "./charts/bar-charts.js";
export type { ChartOptions, ChartSpec } from "./charts/chart-spec.js";
export { calibrationChart, gainsChart, prChart, rocChart, type ScoredModels } from "./charts/curve-charts.js";
export { learningCurveChart } from "./charts/learning-chart.js";
export { toSvg } from "./charts/to-svg.js";
export type { KMeansModel } from "./cluster/k-means.js";
export { commandAtom } from "./command/command-atom.js";
export type { CommandFiles, CommandInput, CommandRefs, CommandSpec } from "./command/spec.js";
export type { OnBadRow } from "./csv/bad-rows.js";
export { type CsvReadOptions, readBadRows, readCsv, readCsvBlock } from "./csv/read.js";
export { type CsvBlockOptions, scanCsv } from "./csv/scan.js";
export type { CsvBlock, CsvColumn, CsvScan, CsvSchema, CsvType } from "./csv/types.js";
export { type SqlInput, sql } from "./duckdb/query.js";
export * from "./errors.js";
export { type BlockCount, DistributedFrame, frame } from "./frame/frame.js";
export { frames } from "./frame/rules.js";
export type { LinearModel } from "./linear/least-squares.js";
export type { LogisticModel } from "./linear/logistic.js";
export { gini, rocAuc } from "./metrics/auc.js";
export {
  accuracy,
  type ClassScores,
  type Confusion,
  classScores,
  confusion,
  f1Score,
  logLoss,
} from "./metrics/classification.js";
export {
  type CalibrationCurve,
  calibrationCurve,
  type GainsCurve,
  gainsCurve,
  type PrCurve,
  prAuc,
  prCurve,
  type RocCurve,
  rocCurve,
} from "./metrics/curves.js";
export {
  featureImportance,
  type Importance,
  type PermutationImportance,
  type PermutationOptions,
  permutationImportance,
} from "./metrics/importance.js";
export {
  type ClassifierMetric,
  greaterIsBetter,
  type Metric,
  measure,
  type RegressorMetric,
} from "./metrics/metrics.js";
export { mae, r2, rmse } from "./metrics/regression.js";
export type { ScoreCounts } from "./metrics/score-counts.js";
export {
  aucWithin,
  type ClassSummary,
  measureSummary,
  mergeSummaries,
  type NumberSummary,
  type ScoreSummary,
  type SummaryOptions,
  scoreSummary,
} from "./metrics/score-summary.js";
export type { AdaBoostModel } from "./model/ada-boost.js";
export { averagePredictions, type Prediction } from "./model/average.js";
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
export { type DanfoFrame, type DanfoModule, fromDanfo, toDanfo } from "./notebook/danfo.js";
export { type OnnxExportable, onnxInput, toOnnx } from "./onnx/to-onnx.js";
export { generatePaysim, PAYSIM_COLUMNS, type PaysimOptions, writePaysimCsv } from "./paysim.js";
export { applySteps, type FittedTable, fitApply, fitSteps } from "./prepare/fit-steps.js";
export { sampleRows } from "./prepare/sample-rows.js";
export {
  assignFolds,
  assignParts,
  type FoldOptions,
  rowsOfPart,
  rowsOutside,
  type SplitOptions,
} from "./prepare/split.js";
export type * from "./prepare/steps.js";
export { type ColumnSummary, summary, summaryOf } from "./prepare/summary.js";
export type { PyClassifier, PyFeature, PyModel, PyRegressor } from "./python/model.js";
export { type PyOption, type PyOptions, pyFloat } from "./python/options.js";
export { type PyPredicted, pyPredict, pyPredictProba } from "./python/py-predict.js";
export { pyScore } from "./python/py-score.js";
export { pyTrain } from "./python/py-train.js";
export { jsonBlocks, parquetBlocks, type SourceName } from "./rules/blocks.js";
export { charts, type Predictions } from "./rules/charts.js";
export { command } from "./rules/command.js";
export type { Candidates } from "./rules/compare.js";
export { badRowsOf, csvBlocks } from "./rules/csv-blocks.js";
export { ds } from "./rules/ds.js";
export { type BlockScoring, type KeyedScores, ml } from "./rules/ml.js";
export { online } from "./rules/online.js";
export { prep } from "./rules/prep.js";
export { py } from "./rules/py.js";
export { stack } from "./rules/stack.js";
export { type CurveOptions, type SearchOptions, type TuningRows, tune } from "./rules/tune.js";
export {
  type JsonBlock,
  type JsonColumn,
  type JsonScan,
  type JsonSchema,
  readJsonBlock,
  readJsonLines,
  scanJsonLines,
} from "./sources/json-lines.js";
export {
  type ParquetBlock,
  type ParquetOptions,
  type ParquetScan,
  readParquet,
  readParquetBlock,
  scanParquet,
  writeParquet,
} from "./sources/parquet.js";
export type { PredictionOf, StackedSpec, Stacking } from "./stacking/stacking.js";
export type { ScoreSoFar, StreamLearning } from "./stream/score-so-far.js";
export { type Classes, classesOf, type Label } from "./table/classes.js";
export { canonicalTable, decodeTable, encodeTable, tableCodec } from "./table/codec.js";
export { columnNames, select, takeRows } from "./table/columns.js";
export { downsample, stratifiedSplit, undersample } from "./table/sample.js";
export { generateTitanic, TITANIC_COLUMNS, type TitanicOptions, writeTitanicCsv } from "./titanic.js";
export type { TreeNodes, WeightedNodes } from "./tree/node-store.js";
export type { Axes, AxisRange } from "./tuning/axes.js";
export type { Halving } from "./tuning/halving.js";
export { bestTrial, type Judging, type Trial, type TrialResult } from "./tuning/trials.js";
export { describe } from "./verbs/describe.js";
export { derive, filter } from "./verbs/expressions.js";
export { type Aggregate, type AggregateName, type Aggregates, groupBy } from "./verbs/group-by.js";
export { type JoinOptions, join } from "./verbs/join.js";
export { orderBy, type SortKey } from "./verbs/order-by.js";
export { concat, type SampleSize, sample } from "./verbs/rows.js";
