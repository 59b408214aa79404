import type { Ref } from "@graphvm/rules";
import { Float64, Table, Utf8, vectorFromArray } from "apache-arrow";
import type { ModelSpec } from "../model/specs.js";

/** Models to compare on the same rows. */
export interface Candidates<S extends ModelSpec> {
  /** What to train, by a name of your own. */
  readonly models: { readonly [name: string]: S };
  /** The column to learn. */
  readonly y: string;
  /** Rows to learn from: "in" sample. */
  readonly train: Ref<Table>;
  /** Rows to judge by: "out" of sample. */
  readonly test: Ref<Table>;
}

const SAMPLES = ["in", "out"] as const;

/** The rows to measure on, in the order of a result's rows. */
export function samplesOf({ train, test }: Candidates<ModelSpec>): readonly Ref<Table>[] {
  return [train, test];
}

/** A table of metrics: for each model a row in sample and a row out of it. */
export function tableOfMetrics(
  models: readonly string[],
  metrics: readonly string[],
  found: readonly Float64Array[],
): Table {
  const rows = models.flatMap((model) => SAMPLES.map((sample) => ({ model, sample })));
  const texts = (values: readonly string[]) => vectorFromArray(values, new Utf8());
  return new Table({
    model: texts(rows.map(({ model }) => model)),
    sample: texts(rows.map(({ sample }) => sample)),
    ...Object.fromEntries(
      metrics.map((metric, m) => [
        metric,
        vectorFromArray(
          found.map((values) => values[m]!),
          new Float64(),
        ),
      ]),
    ),
  });
}
