import { type GaussianNBModel, gaussianNB } from "../bayes/gaussian.js";
import type { BoostedClassifier, BoostedRegressor } from "../boosting/predict.js";
import { boostedClassifier, boostedRegressor } from "../boosting/train.js";
import { type KMeansModel, kMeans } from "../cluster/k-means.js";
import { elasticNet, type LinearModel, lasso, linearRegression, ridge } from "../linear/least-squares.js";
import { type LogisticModel, logisticRegression } from "../linear/logistic.js";
import { type AdaBoostModel, adaBoost } from "./ada-boost.js";
import type { Algorithm } from "./algorithm.js";
import { badOption } from "./options.js";
import type { ClassifierSpec, KMeansSpec, ModelSpec, RegressorSpec } from "./specs.js";
import {
  decisionTree,
  decisionTreeRegressor,
  extraTrees,
  extraTreesRegressor,
  type ForestModel,
  type ForestRegressor,
  randomForest,
  randomForestRegressor,
} from "./trees.js";

/** What each specification is trained to. */
interface Trained {
  ExtraTreesClassifier: ForestModel;
  RandomForestClassifier: ForestModel;
  DecisionTreeClassifier: ForestModel;
  HistGradientBoostingClassifier: BoostedClassifier;
  LogisticRegression: LogisticModel;
  GaussianNB: GaussianNBModel;
  AdaBoostClassifier: AdaBoostModel;
  ExtraTreesRegressor: ForestRegressor;
  RandomForestRegressor: ForestRegressor;
  DecisionTreeRegressor: ForestRegressor;
  HistGradientBoostingRegressor: BoostedRegressor;
  LinearRegression: LinearModel;
  Ridge: LinearModel;
  Lasso: LinearModel;
  ElasticNet: LinearModel;
  KMeans: KMeansModel;
}

/** The model that a specification is trained to. */
export type ModelOf<S extends ModelSpec> = Trained[S["model"]];

/** A trained model that says which class a row has, with probabilities. */
export type Classifier = Trained[ClassifierSpec["model"]];
/** A trained model that says a number. */
export type Regressor = Trained[RegressorSpec["model"]];
/** Any trained model: plain data and typed arrays, so that it travels and has a digest. */
export type Model = Trained[ModelSpec["model"]];
/** The column a model learns: its name, or null for clusters, which learn from all columns. */
export type TargetOf<S extends ModelSpec> = S extends KMeansSpec ? null : string;

const ALGORITHMS: { readonly [K in keyof Trained]: Algorithm<Extract<ModelSpec, { model: K }>, Trained[K], never> } = {
  ExtraTreesClassifier: extraTrees,
  RandomForestClassifier: randomForest,
  DecisionTreeClassifier: decisionTree,
  HistGradientBoostingClassifier: boostedClassifier,
  LogisticRegression: logisticRegression,
  GaussianNB: gaussianNB,
  AdaBoostClassifier: adaBoost,
  ExtraTreesRegressor: extraTreesRegressor,
  RandomForestRegressor: randomForestRegressor,
  DecisionTreeRegressor: decisionTreeRegressor,
  HistGradientBoostingRegressor: boostedRegressor,
  LinearRegression: linearRegression,
  Ridge: ridge,
  Lasso: lasso,
  ElasticNet: elasticNet,
  KMeans: kMeans,
};

/** The names of all models. */
export const MODEL_NAMES = Object.keys(ALGORITHMS) as readonly ModelSpec["model"][];

/** An algorithm, whatever its specification and model. */
export type AnyAlgorithm = Algorithm<ModelSpec, Model>;

/**
 * How the named model is trained and used.
 *
 * @throws BadOptionError for a name that no model has.
 */
export function algorithmOf({ model }: { readonly model: string }): AnyAlgorithm {
  if (!Object.hasOwn(ALGORITHMS, model)) throw badOption("model", model, `the models are ${MODEL_NAMES.join(", ")}`);
  // Each entry takes its own specification and model; the names are the same.
  return ALGORITHMS[model as keyof Trained] as unknown as AnyAlgorithm;
}
