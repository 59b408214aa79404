import { FileValue, Ref } from "@graphvm/engine";

/** Decides whether a param fits a clause. The higher its rank, the more specific it is. */
export interface Pattern<P> {
  readonly rank: number;
  /** How the pattern reads in an error. */
  readonly text: string;
  test(value: unknown): value is P;
}

/** A literal matches itself (by `Object.is`) and is more specific than any pattern. */
export type Literal = string | number | bigint | boolean | null;

// biome-ignore lint/suspicious/noExplicitAny: stands for a pattern of any type in a constraint
export type PatternLike = Pattern<any> | Literal;

/** The param types of a list of patterns. */
export type Matched<Ps extends readonly PatternLike[]> = {
  -readonly [K in keyof Ps]: Ps[K] extends Pattern<infer P> ? P : Ps[K];
};

/** A pattern that can be refined by a predicate; each refinement is one step more specific. */
export interface Refinable<P> extends Pattern<P> {
  where(predicate: (value: P) => boolean, text?: string): Refinable<P>;
}

/** A pattern over numbers. */
export interface NumberPattern extends Refinable<number> {
  /** At least `n`. */
  min(n: number): NumberPattern;
  /** At most `n`. */
  max(n: number): NumberPattern;
}

const RANK = { any: 0, type: 1, refined: 2, literal: 1_000_000 } as const;

/** How specific a pattern or literal is: literal, then refined type, then type, then any. */
export function rankOf(pattern: PatternLike): number {
  return isPattern(pattern) ? pattern.rank : RANK.literal;
}

export function matches(pattern: PatternLike, value: unknown): boolean {
  return isPattern(pattern) ? pattern.test(value) : Object.is(pattern, value);
}

export function patternText(pattern: PatternLike): string {
  if (isPattern(pattern)) return pattern.text;
  return typeof pattern === "string" ? JSON.stringify(pattern) : `${pattern}${typeof pattern === "bigint" ? "n" : ""}`;
}

function isPattern(pattern: PatternLike): pattern is Pattern<unknown> {
  return typeof pattern === "object" && pattern !== null;
}

function refinable<P>(text: string, rank: number, test: (value: unknown) => boolean): Refinable<P> {
  return Object.freeze({
    text,
    rank,
    test: test as (value: unknown) => value is P,
    where: (predicate: (value: P) => boolean, more = "where(…)") =>
      refinable<P>(`${text}.${more}`, rank + 1, (value) => test(value) && predicate(value as P)),
  });
}

function numeric(text: string, rank: number, test: (value: unknown) => boolean): NumberPattern {
  const base = refinable<number>(text, rank, test);
  return Object.freeze({
    ...base,
    min: (n: number) => numeric(`${text}.min(${n})`, rank + 1, (value) => test(value) && (value as number) >= n),
    max: (n: number) => numeric(`${text}.max(${n})`, rank + 1, (value) => test(value) && (value as number) <= n),
  });
}

const typed = <P>(text: string, test: (value: unknown) => boolean): Refinable<P> => refinable<P>(text, RANK.type, test);

/** Anything at all: the least specific pattern. */
export const any: Refinable<unknown> = refinable<unknown>("any", RANK.any, () => true);
/** A number, NaN included. */
export const number: NumberPattern = numeric("number", RANK.type, (value) => typeof value === "number");
/** A whole number: a refinement of `number`. */
export const int: NumberPattern = numeric("int", RANK.refined, Number.isInteger);
export const string: Refinable<string> = typed("string", (value) => typeof value === "string");
export const boolean: Refinable<boolean> = typed("boolean", (value) => typeof value === "boolean");
export const bigint: Refinable<bigint> = typed("bigint", (value) => typeof value === "bigint");
export const date: Refinable<Date> = typed("date", (value) => value instanceof Date);
export const array: Refinable<readonly unknown[]> = typed("array", Array.isArray);
/** A plain object, such as a model's specification. */
export const object: Refinable<{ readonly [key: string]: unknown }> = typed(
  "object",
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Date || value instanceof Ref || value instanceof FileValue),
);
/** A function or partial. */
export const func: Refinable<(...args: never[]) => unknown> = typed("func", (value) => typeof value === "function");

/** A ref; `ref<Table>()` says of which value, which only the compiler checks. */
export function ref<T = unknown>(): Refinable<Ref<T>> {
  return typed("ref", (value) => value instanceof Ref);
}

/** An array whose every item fits `pattern`: the more specific the pattern, the more specific the array. */
export function arrayOf<P>(pattern: Pattern<P>): Refinable<readonly P[]> {
  return refinable(
    `arrayOf(${pattern.text})`,
    RANK.type + pattern.rank,
    (value) => Array.isArray(value) && value.every((item) => pattern.test(item)),
  );
}

/** A plain object in which the named keys fit their patterns: `shape({ model: "ExtraTreesClassifier" })`. */
export function shape<const S extends { readonly [key: string]: PatternLike }>(
  keys: S,
): Refinable<
  { readonly [K in keyof S]: S[K] extends Pattern<infer P> ? P : S[K] } & { readonly [key: string]: unknown }
> {
  const entries = Object.entries(keys);
  const text = entries.map(([key, pattern]) => `${key}: ${patternText(pattern)}`).join(", ");
  return refinable(`shape({ ${text} })`, RANK.refined, (value) => {
    return object.test(value) && entries.every(([key, pattern]) => matches(pattern, value[key]));
  });
}
