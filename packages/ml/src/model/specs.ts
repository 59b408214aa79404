/** What all trees can be told. */
export interface TreeOptions {
  /**
   * Features drawn for each split: "sqrt" or "log2" of their number, a whole number from 1 up, a fraction below 1, or null
   * for all. (1 is one feature; scikit-learn's 1.0 is null here.) Default: "sqrt" for forests of classifiers, else null.
   */
  readonly max_features?: "sqrt" | "log2" | number | null;
  /** Rows a leaf has at least: a whole number, or a fraction of all rows below 1. Default 1. */
  readonly min_samples_leaf?: number;
  /** Rows a node needs to be split: a whole number from 2 up, or a fraction below 1. Default 2. */
  readonly min_samples_split?: number;
  /** Levels of splits, or null for no limit (the default). */
  readonly max_depth?: number | null;
  /** Where the randomness starts; scikit-learn's `random_state`. Default 0 (`ml.train`: drawn from the node's own). */
  readonly seed?: number;
}

/** What forests can be told besides. */
export interface ForestOptions extends TreeOptions {
  /** How many trees. Default 100. */
  readonly n_estimators?: number;
}

/** What a split of classes is judged by. Default "gini"; "log_loss" is another name of "entropy". */
export type Criterion = "gini" | "entropy" | "log_loss";

/**
 * Extremely randomised trees for classification, with scikit-learn's names and defaults. Plain data, so that it can be a
 * rule's param.
 */
export interface ExtraTreesSpec extends ForestOptions {
  readonly model: "ExtraTreesClassifier";
}

/** Extremely randomised trees for numbers, by squared error. */
export interface ExtraTreesRegressorSpec extends ForestOptions {
  readonly model: "ExtraTreesRegressor";
}

/** One tree of the best splits. */
export interface DecisionTreeSpec extends TreeOptions {
  readonly model: "DecisionTreeClassifier";
  readonly criterion?: Criterion;
}

/** One tree of the best splits, by squared error. */
export interface DecisionTreeRegressorSpec extends TreeOptions {
  readonly model: "DecisionTreeRegressor";
}

/** Trees of the best splits of drawn features, each on a bootstrap of the rows. */
export interface RandomForestSpec extends ForestOptions {
  readonly model: "RandomForestClassifier";
  readonly criterion?: Criterion;
  /** Whether each tree sees as many rows as there are, drawn with replacement (the default), or all of them. */
  readonly bootstrap?: boolean;
}

/** The same for numbers, by squared error. */
export interface RandomForestRegressorSpec extends ForestOptions {
  readonly model: "RandomForestRegressor";
  readonly bootstrap?: boolean;
}

/** What gradient boosting can be told; names and defaults of scikit-learn's HistGradientBoosting. */
export interface BoostingOptions {
  /** Rounds: one tree each (one for each class where there are more than two). Default 100. */
  readonly max_iter?: number;
  /** Default .1. */
  readonly learning_rate?: number;
  /** Leaves of a tree at most, or null for no limit. Default 31. */
  readonly max_leaf_nodes?: number | null;
  /** Levels of splits, or null for no limit (the default). */
  readonly max_depth?: number | null;
  /** Rows a leaf has at least. Default 20. */
  readonly min_samples_leaf?: number;
  /** Default 0. */
  readonly l2_regularization?: number;
  /** Bins of a feature, 2 to 255; a missing value has one of its own. Default 255. */
  readonly max_bins?: number;
  /**
   * Whether to stop when the loss on rows set aside has not improved for `n_iter_no_change` rounds. "auto", the default,
   * does so from 10,001 rows up.
   */
  readonly early_stopping?: boolean | "auto";
  /** The part of the rows that is set aside. Default .1. */
  readonly validation_fraction?: number;
  /** Default 10. */
  readonly n_iter_no_change?: number;
  /** What counts as an improvement. Default 1e-7. */
  readonly tol?: number;
  /** Which columns are categories: "from_dtype" (the default) takes the text columns; or their names. */
  readonly categorical_features?: "from_dtype" | readonly string[];
  /** Used to draw the rows set aside, and the rows that bins are made from. Default 0. */
  readonly seed?: number;
}

/** Histogram gradient boosting of log loss. */
export interface HistGradientBoostingSpec extends BoostingOptions {
  readonly model: "HistGradientBoostingClassifier";
}

/** Histogram gradient boosting of squared error. */
export interface HistGradientBoostingRegressorSpec extends BoostingOptions {
  readonly model: "HistGradientBoostingRegressor";
}

/** Logistic regression: the least of `C` times the log loss plus the elastic net of the coefficients. */
export interface LogisticRegressionSpec {
  readonly model: "LogisticRegression";
  /** Inverse of the penalty's strength; infinity for no penalty. Default 1. */
  readonly C?: number;
  /** The part of the penalty that is absolute values, from 0 (the default) to 1; the rest is half the squares. */
  readonly l1_ratio?: number;
  readonly fit_intercept?: boolean;
  /** Newton steps at most. Default 100. */
  readonly max_iter?: number;
  /** Stops when no component of the gradient (of the mean loss) is above it. Default 1e-8. */
  readonly tol?: number;
}

/** Least squares. */
export interface LinearRegressionSpec {
  readonly model: "LinearRegression";
  readonly fit_intercept?: boolean;
}

/** Least squares plus `alpha` times the squares of the coefficients. */
export interface RidgeSpec {
  readonly model: "Ridge";
  /** Default 1. */
  readonly alpha?: number;
  readonly fit_intercept?: boolean;
}

/** Half the mean squared error plus `alpha` times the absolute values of the coefficients. */
export interface LassoSpec {
  readonly model: "Lasso";
  /** Default 1. */
  readonly alpha?: number;
  readonly fit_intercept?: boolean;
  /** Passes over the coefficients at most. Default 1,000. */
  readonly max_iter?: number;
  /** Stops when no coefficient moves by more than this part of the greatest. Default 1e-4. */
  readonly tol?: number;
}

/** Half the mean squared error plus `alpha` times a mixture of absolute values and half squares of the coefficients. */
export interface ElasticNetSpec extends Omit<LassoSpec, "model"> {
  readonly model: "ElasticNet";
  /** The part that is absolute values. Default .5. */
  readonly l1_ratio?: number;
}

/** Naive Bayes with a normal distribution for each feature and class. */
export interface GaussianNBSpec {
  readonly model: "GaussianNB";
  /** Part of the greatest variance of a feature that is added to all variances. Default 1e-9. */
  readonly var_smoothing?: number;
}

/** Boosting of reweighted trees (SAMME). */
export interface AdaBoostSpec {
  readonly model: "AdaBoostClassifier";
  /** Default: a tree of one split. */
  readonly estimator?: DecisionTreeSpec;
  /** Default 50. */
  readonly n_estimators?: number;
  /** Default 1. */
  readonly learning_rate?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** k-means by Lloyd's algorithm. */
export interface KMeansSpec {
  readonly model: "KMeans";
  /** Default 8. */
  readonly n_clusters?: number;
  /** Default "k-means++". */
  readonly init?: "k-means++" | "random";
  /** Starts; the best is kept. "auto", the default: 1 for "k-means++", 10 for "random". */
  readonly n_init?: number | "auto";
  /** Default 300. */
  readonly max_iter?: number;
  /** Stops when the centers' squared moves sum to less than this part of the features' mean variance. Default 1e-4. */
  readonly tol?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** Models that say which class a row has. */
export type ClassifierSpec =
  | ExtraTreesSpec
  | DecisionTreeSpec
  | RandomForestSpec
  | HistGradientBoostingSpec
  | LogisticRegressionSpec
  | GaussianNBSpec
  | AdaBoostSpec;

/** Models that say a number. */
export type RegressorSpec =
  | ExtraTreesRegressorSpec
  | DecisionTreeRegressorSpec
  | RandomForestRegressorSpec
  | HistGradientBoostingRegressorSpec
  | LinearRegressionSpec
  | RidgeSpec
  | LassoSpec
  | ElasticNetSpec;

/** A model to train: plain data with scikit-learn's names, so that it can be a rule's param. */
export type ModelSpec = ClassifierSpec | RegressorSpec | KMeansSpec;
