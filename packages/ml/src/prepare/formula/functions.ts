import { power } from "@graphvm/rules/internal";
import type { Cells } from "../cells.js";

export type Kind = Cells["kind"];

/** How many arguments a function takes, of what kinds, and what it makes of one row's. */
export interface RowFunction {
  /** The kinds of the arguments; the last one may repeat where `more` is true. */
  readonly takes: readonly Kind[];
  readonly more?: boolean;
  readonly gives: Kind;
  /** Called where no argument is missing. A number that is not finite counts as missing. */
  readonly row: (...values: never[]) => number | string | boolean | null;
}

const N = "number";
const T = "text";
const B = "bool";

const one = (row: (x: number) => number): RowFunction => ({ takes: [N], gives: N, row });
const two = (row: (x: number, y: number) => number): RowFunction => ({ takes: [N, N], gives: N, row });
const many = (row: (...xs: number[]) => number): RowFunction => ({ takes: [N], more: true, gives: N, row });
const textTest = (row: (text: string, part: string) => boolean): RowFunction => ({ takes: [T, T], gives: B, row });
const ofText = (row: (text: string) => string): RowFunction => ({ takes: [T], gives: T, row });

/** Half away from zero, as people round. */
function round(x: number, digits = 0): number {
  const scale = power(10, Math.max(-15, Math.min(15, Math.trunc(digits))));
  return (Math.sign(x) * Math.round(Math.abs(x) * scale)) / scale;
}

/** The text between the first `after` and the next `before`; null where they are not there. An empty one is an end. */
function textBetween(text: string, after: string, before: string): string | null {
  const found = after === "" ? 0 : text.indexOf(after);
  if (found < 0) return null;
  const from = found + after.length;
  const to = before === "" ? text.length : text.indexOf(before, from);
  return to < 0 ? null : text.slice(from, to);
}

/** Functions of one row's values, null where any of them is. What treats nulls otherwise is in `evaluate`. */
export const ROW_FUNCTIONS: ReadonlyMap<string, RowFunction> = new Map<string, RowFunction>([
  ["+", two((x, y) => x + y)],
  ["-", two((x, y) => x - y)],
  ["*", two((x, y) => x * y)],
  ["/", two((x, y) => x / y)],
  ["%", two((x, y) => x % y)],
  ["^", two(power)],
  ["negate", one((x) => -x)],
  ["not", { takes: [B], gives: B, row: (x: boolean) => !x }],
  ["abs", one(Math.abs)],
  ["sqrt", one(Math.sqrt)],
  ["exp", one(Math.exp)],
  ["log", one(Math.log)],
  ["log10", one(Math.log10)],
  ["log1p", one(Math.log1p)],
  ["sign", one(Math.sign)],
  ["floor", one(Math.floor)],
  ["ceil", one(Math.ceil)],
  ["round", { takes: [N, N], gives: N, row: round }],
  ["min", many(Math.min)],
  ["max", many(Math.max)],
  ["clip", { takes: [N, N, N], gives: N, row: (x: number, a: number, b: number) => Math.min(b, Math.max(a, x)) }],
  ["number", { takes: [B], gives: N, row: Number }],
  ["length", { takes: [T], gives: N, row: (text: string) => text.length }],
  ["lower", ofText((text) => text.toLowerCase())],
  ["upper", ofText((text) => text.toUpperCase())],
  ["trim", ofText((text) => text.trim())],
  ["concat", { takes: [T], more: true, gives: T, row: (...texts: string[]) => texts.join("") }],
  ["contains", textTest((text, part) => text.includes(part))],
  ["startsWith", textTest((text, part) => text.startsWith(part))],
  ["endsWith", textTest((text, part) => text.endsWith(part))],
  ["textBetween", { takes: [T, T, T], gives: T, row: textBetween }],
]);

/** What may be left out, with its value: round(x) is round(x, 0). */
export const DEFAULTS: ReadonlyMap<string, readonly number[]> = new Map([["round", [0]]]);
