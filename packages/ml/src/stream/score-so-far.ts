import { defineStateful } from "@graphvm/engine";
import type { Table } from "apache-arrow";
import { ClassCountError } from "../errors.js";
import type { Metric } from "../metrics/metrics.js";
import { measureSummary, mergeTwo, type ScoreSummary, scoreSummary } from "../metrics/score-summary.js";
import { averagePredictions, type Prediction } from "../model/average.js";
import { fit, predict, predictProba } from "../model/fit.js";
import type { Classifier, Regressor } from "../model/models.js";
import { badOption, isWhole } from "../model/options.js";
import { seeded } from "../model/seeded.js";
import type { ClassifierSpec, RegressorSpec } from "../model/specs.js";
import { ownRandom } from "../rules/own-random.js";

/** What is learned from a stream of blocks, and how it is judged. */
export interface StreamLearning<S extends ClassifierSpec | RegressorSpec = ClassifierSpec | RegressorSpec> {
  /** A model of this is trained on every block. */
  readonly spec: S;
  /** The column to learn. */
  readonly y: string;
  readonly metrics: readonly Metric[];
  /** How many models have a say: the last so many. Default null, all of them (memory and time then grow with the stream). */
  readonly keep?: number | null;
}

/** How well rows were predicted before they were learned from. */
export interface ScoreSoFar {
  /** Models that the next block is scored by. */
  readonly models: number;
  /** Rows that were scored: those of all blocks but the first. */
  readonly rows: number;
  /** In the order of the metrics; null as long as there is nothing to measure (no row, or one class only). */
  readonly metrics: readonly (number | null)[];
}

interface State {
  readonly models: readonly (Classifier | Regressor)[];
  readonly summary: ScoreSummary | null;
}

/**
 * Scores each block by the average of the models so far, adds the scores to those of the blocks before, and trains a model
 * on the block (Dawid 1984, "The prequential approach": every row is judged before it is learned from).
 */
export const scoreSoFar = defineStateful({
  state: (): State => ({ models: [], summary: null }),
  next: ({ models, summary }: State, { spec, y, metrics, keep = null }: StreamLearning, block: Table) => {
    if (keep !== null && !isWhole(keep, 1)) throw badOption("keep", keep, "give a whole number from 1 up, or null");
    const scored = models.length === 0 ? summary : withBlock(summary, models, block, y);
    const model = fit(
      seeded(spec, () => ownRandom().uint32()),
      block,
      y,
    );
    const kept = keep === null ? models : models.slice(Math.max(0, models.length + 1 - keep));
    const state: State = { models: [...kept, model], summary: scored };
    const value: ScoreSoFar = {
      models: state.models.length,
      rows: scored?.rows ?? 0,
      metrics: metrics.map((metric) => (scored === null ? null : measured(metric, scored))),
    };
    return { state, value };
  },
});

function withBlock(summary: ScoreSummary | null, models: State["models"], block: Table, y: string): ScoreSummary {
  const predicted = averagePredictions(
    models.map((model): Prediction => ("classes" in model ? predictProba(model, block) : predict(model, block))),
  );
  const own = scoreSummary(predicted, block, y);
  return summary === null ? own : mergeTwo(summary, own);
}

function measured(metric: Metric, summary: ScoreSummary): number | null {
  try {
    return measureSummary(metric, summary);
  } catch (error) {
    if (error instanceof ClassCountError && error.fields.classes === 1) return null;
    throw error;
  }
}
