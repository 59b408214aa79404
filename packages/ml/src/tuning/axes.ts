import { createRandom, type Random } from "@graphvm/engine";
import { badOption, isWhole } from "../model/options.js";
import type { ModelSpec } from "../model/specs.js";

/** Numbers to draw from, for random search and halving. */
export interface AxisRange {
  readonly from: number;
  readonly to: number;
  /** "log" draws as many between 1 and 10 as between 10 and 100. Default "linear". */
  readonly scale?: "linear" | "log";
  /** Whether to draw whole numbers. Default false. */
  readonly whole?: boolean;
}

/** Options of a model and what to try for each: values, or a range to draw from. Any number of axes. */
export type Axes<S extends ModelSpec> = {
  readonly [K in Exclude<keyof Named<S>, "model">]?: readonly Exclude<Named<S>[K], undefined>[] | AxisRange;
};
/** All that a model of that name can be told, whatever of it a specification says. */
type Named<S extends ModelSpec> = Extract<ModelSpec, { readonly model: S["model"] }>;

/** A value of an option. */
export type AxisValue = number | string | boolean | null | object;
type AnyAxes = { readonly [option: string]: readonly AxisValue[] | AxisRange };

const MOST = 100_000;

/** Every combination, the last axis turning fastest. */
export function gridOf<S extends ModelSpec>(model: S, axes: Axes<S>): S[] {
  let points: S[] = [model];
  for (const [option, axis] of Object.entries(checked(axes))) {
    if (!isList(axis))
      throw badOption(option, axis, "a grid has a list of values for each axis; draw at random instead");
    points = points.flatMap((point) => axis.map((value) => ({ ...point, [option]: value })));
    if (points.length > MOST) throw badOption("axes", points.length, `a grid has up to ${MOST} points; draw at random`);
  }
  return points;
}

/** That many different points, drawn; fewer where there are no more. */
export function drawPoints<S extends ModelSpec>(model: S, axes: Axes<S>, trials: number, seed: number): S[] {
  if (!isWhole(trials, 1) || trials > MOST) throw badOption("trials", trials, `give a whole number from 1 to ${MOST}`);
  const list = Object.entries(checked(axes));
  const random = createRandom(seed);
  const points = new Map<string, S>();
  // A hundred draws in a row that bring nothing new: so few are left that it is not worth the time.
  for (let misses = 0; points.size < trials && misses < 100; ) {
    const drawn = Object.fromEntries(list.map(([option, axis]) => [option, draw(axis, random)]));
    const key = JSON.stringify(drawn);
    if (points.has(key)) misses++;
    else {
      points.set(key, { ...model, ...drawn });
      misses = 0;
    }
  }
  return [...points.values()];
}

function draw(axis: readonly AxisValue[] | AxisRange, random: Random): AxisValue {
  if (isList(axis)) return axis[random.below(axis.length)]!;
  const { from, to, scale = "linear", whole = false } = axis;
  const part = random.next();
  if (whole && scale === "linear") return Math.ceil(from) + Math.floor(part * (Math.floor(to) - Math.ceil(from) + 1));
  const value = scale === "log" ? Math.exp(Math.log(from) + part * Math.log(to / from)) : from + part * (to - from);
  return Math.min(to, Math.max(from, whole ? Math.round(value) : value));
}

function checked(axes: object): AnyAxes {
  const all = axes as AnyAxes;
  if (Object.keys(all).length === 0)
    throw badOption("axes", axes, "name at least one option of the model and its values");
  for (const [option, axis] of Object.entries(all)) {
    if (isList(axis) && axis.length === 0) throw badOption(option, axis, "give at least one value");
    if (!isList(axis)) checkRange(option, axis);
  }
  return all;
}

function checkRange(option: string, axis: AxisRange): void {
  const { from, to, scale = "linear", whole = false } = axis;
  const ordered = Number.isFinite(from) && Number.isFinite(to) && from <= to;
  if (!ordered || (scale === "log" && from <= 0)) {
    throw badOption(option, axis, `give { from, to } with from up to to${scale === "log" ? ", both above 0" : ""}`);
  }
  if (whole && Math.ceil(from) > Math.floor(to))
    throw badOption(option, axis, "there is no whole number in that range");
}

function isList<T>(value: readonly T[] | object): value is readonly T[] {
  return Array.isArray(value);
}
