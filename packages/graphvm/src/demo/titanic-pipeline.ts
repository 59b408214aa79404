// The program of `graphvm demo titanic`: what is declared here is loaded into the cluster, recorded and replayed.

import type { Table } from "apache-arrow";
import { type FileValue, namespace, type Ref, rule } from "graphvm";
import { type ClassifierSpec, ds, ml, prep, type Step, type TrialResult, tune } from "graphvm/ml";

const TARGET = "survived";

/** Two thirds to learn from, a third to judge by, with the same share of survivors. */
const SPLIT = { parts: [2, 1], stratify: TARGET } as const;

/** From the passenger list to columns of numbers. */
const STEPS: readonly Step[] = [
  { step: "fill", columns: { age: "median", fare: "median", embarked: "mode", cabin: { value: "?" } } },
  {
    step: "derive",
    columns: {
      title: "textBetween(name, ', ', '.')",
      rank: "if(title = 'Mr' or title = 'Mrs' or title = 'Miss' or title = 'Master', title, 'other')",
      family: "sibsp + parch + 1",
      alone: "number(family = 1)",
      child: "number(age < 15)",
      knownCabin: "number(cabin != '?')",
      logFare: "log1p(fare)",
    },
  },
  { step: "oneHot", columns: ["sex", "embarked", "rank"] },
  { step: "drop", columns: ["name", "ticket", "cabin", "title", "fare", "sex=male"] },
  { step: "scale", columns: ["age", "logFare", "family"] },
];

/** Seven models, as the tutorials have them; forests are large enough that their seed hardly counts. */
export const MODELS = {
  "decision tree": { model: "DecisionTreeClassifier", max_depth: 4, min_samples_leaf: 10, seed: 1 },
  "logistic regression": { model: "LogisticRegression" },
  AdaBoost: { model: "AdaBoostClassifier", n_estimators: 50, learning_rate: 0.5, seed: 1 },
  "gradient boosting": {
    model: "HistGradientBoostingClassifier",
    max_iter: 50,
    learning_rate: 0.05,
    max_leaf_nodes: 8,
    early_stopping: false,
    seed: 1,
  },
  "random forest": { model: "RandomForestClassifier", n_estimators: 100, min_samples_leaf: 5, seed: 1 },
  "extra trees": { model: "ExtraTreesClassifier", n_estimators: 100, min_samples_leaf: 5, seed: 1 },
  "naive Bayes": { model: "GaussianNB" },
} as const satisfies { readonly [name: string]: ClassifierSpec };

/** What is searched: 2 x 3 x 2 points, each on 5 folds of the training rows. */
export const AXES = { learning_rate: [0.03, 0.1], max_leaf_nodes: [4, 8, 16], max_iter: [50, 100] } as const;
const SEARCHED = { model: "HistGradientBoostingClassifier", early_stopping: false } as const;
const SEARCH = { metrics: ["gini"], seed: 1 } as const;

/** Who survived: from a list of passengers to models and what they are worth. */
export const titanic = namespace("titanic", {
  /** The list as it is. */
  list: rule((source: FileValue): Ref<Table> => ds.csvSource(source)),

  /** What is in its columns. */
  summary: rule((source: FileValue): Ref<Table> => prep.summary(titanic.list(source))),

  /** The rows to learn from, prepared by steps fitted on them. */
  train: rule((source: FileValue): Ref<Table> => prep.training(prep.part(titanic.list(source), SPLIT, 0), STEPS)),

  /** The rows to judge by, prepared by the same. */
  test: rule((source: FileValue): Ref<Table> => {
    const list = titanic.list(source);
    return prep.apply(prep.fit(prep.part(list, SPLIT, 0), STEPS), prep.part(list, SPLIT, 1));
  }),

  /** Each model in and out of sample. */
  metrics: rule((source: FileValue): Ref<Table> => {
    const [train, test] = [titanic.train(source), titanic.test(source)];
    return ml.classifierMetrics({ models: MODELS, y: TARGET, train, test }, ["gini", "accuracy"]);
  }),

  /** Every point of the grid, by the mean of the folds: the rows to judge by have no part in it. */
  grid: rule((source: FileValue): Ref<Table> => tune.hyperTune(searched(source), SEARCHED, AXES, SEARCH)),

  /** The best point. */
  best: rule((source: FileValue): Ref<TrialResult> => {
    return tune.best(tune.search(searched(source), SEARCHED, AXES, SEARCH), SEARCH.metrics, "gini");
  }),

  /** Its model, trained on all rows to learn from: Gini and accuracy in sample, or out of it. */
  tuned: rule((source: FileValue, sample: "in" | "out"): Ref<Float64Array> => {
    const train = titanic.train(source);
    const model = tune.train(titanic.best(source), train, TARGET) as Ref<never>;
    const data = sample === "in" ? train : titanic.test(source);
    return ml.measure(ml.classifyProb(model, data), data, TARGET, ["gini", "accuracy"]);
  }),
});

function searched(source: FileValue) {
  return { y: TARGET, data: titanic.train(source), folds: 5, stratify: TARGET };
}

/** Where the graph is cut into jobs: a model and a trial on a fold are a job each. */
export const CUT = ["ml.train", "tune.trial"] as const;
