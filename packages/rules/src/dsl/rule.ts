import { checkLabels, type ExportLimit, type Op, type Placement, type Ref } from "@graphvm/engine";
import { describeParams } from "@graphvm/engine/internal";
import { ClauseChoiceError, NamespaceError } from "../errors.js";
import { type Matched, matches, type PatternLike, patternText, rankOf } from "../patterns/pattern.js";
import { type Definition, define } from "./definition.js";

/**
 * Declares a rule: a body that turns params into an op (`apply(...)(...)`) or a ref. Bodies are synchronous, run when the
 * graph expands, and have no side effects. Put the rule into a `namespace`; calling it there makes a ref.
 *
 * @example
 * const text = namespace("text", {
 *   words: rule((line: string): Op<string[]> => apply((s: string) => s.split(" "), line)()),
 * });
 * @example
 * // runs only on workers with these labels; what it gives may leave the plane its input is bound to
 * rule((rows: Ref<Table>): Op<number> => apply(count)(rows), { on: { tier: "large" }, exports: true })
 * @example
 * // a value of more than 4 KB does not leave
 * rule((rows: Ref<Table>): Op<Table> => apply(means)(rows), { exports: { maxBytes: 4096 } })
 * @throws BadLabelError
 */
export function rule<A extends unknown[], T>(
  body: (...params: A) => Op<T> | Ref<T>,
  placement?: Placement,
): (...params: A) => Ref<T> {
  const placed = checkPlacement(placement);
  return define(outside() as (...params: A) => Ref<T>, {
    kind: "rule",
    expand: (params) => body(...(params as A)),
    text: () => String(body),
    ...(placed ? { placement: () => placed } : {}),
  });
}

function checkPlacement(placement: Placement | undefined): Placement | undefined {
  if (placement === undefined) return undefined;
  const { on, exports, ...others } = placement;
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new NamespaceError(`A rule has no option ${other}: it may say { on: { tier: "large" }, exports: true }.`, {});
  if (exports !== undefined && typeof exports !== "boolean" && !isLimit(exports))
    throw new NamespaceError("A rule's option exports is true, false or { maxBytes: n }, a whole number of bytes.", {});
  return Object.freeze({
    ...(on === undefined ? {} : { on: checkLabels(on, "a rule") }),
    ...(exports ? { exports: exports === true ? true : Object.freeze({ maxBytes: exports.maxBytes }) } : {}),
  });
}

function isLimit(exports: unknown): exports is ExportLimit {
  if (typeof exports !== "object" || exports === null || Object.keys(exports).join() !== "maxBytes") return false;
  const { maxBytes } = exports as ExportLimit;
  return Number.isSafeInteger(maxBytes) && maxBytes >= 0;
}

/** One clause of a `dispatch`. */
export interface Clause<F> {
  readonly patterns: readonly PatternLike[];
  readonly fn: F;
  /** Where the nodes this clause makes may run; it stands before what the whole dispatch says. */
  readonly placement?: Placement;
}

/**
 * A clause: chosen where there are as many params as patterns and each fits. Its placement, where it has one, stands in the
 * place of that of the whole dispatch.
 *
 * @throws BadLabelError
 */
export function when<const Ps extends readonly PatternLike[], T>(
  patterns: Ps,
  body: (...params: Matched<Ps>) => Op<T> | Ref<T>,
  placement?: Placement,
): Clause<(...params: Matched<Ps>) => Ref<T>> {
  const placed = checkPlacement(placement);
  return {
    patterns,
    fn: body as unknown as (...params: Matched<Ps>) => Ref<T>,
    ...(placed ? { placement: placed } : {}),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: distributes over a union of functions of any type
type Meet<U> = (U extends any ? (k: U) => void : never) extends (k: infer I) => void ? I : never;

// biome-ignore lint/suspicious/noExplicitAny: clauses of any type; the result has an overload for each
type AnyClause = Clause<any>;
type Dispatched<Cs extends readonly AnyClause[]> = Meet<Cs[number] extends Clause<infer F> ? F : never>;

/**
 * A rule with several clauses, chosen by type and value: literal before refined type before type before any.
 *
 * @throws ClauseChoiceError where none matches, or two equally specific ones do; it says why of each.
 */
export function dispatch<Cs extends readonly AnyClause[]>(...clauses: Cs): Dispatched<Cs>;
/** With a placement for every clause that has none of its own: `dispatch({ on: { tier: "large" } }, when(...), when(...))`. */
export function dispatch<Cs extends readonly AnyClause[]>(placement: Placement, ...clauses: Cs): Dispatched<Cs>;
export function dispatch(first: Placement | AnyClause, ...others: readonly AnyClause[]): unknown {
  const whole = "patterns" in first ? undefined : checkPlacement(first);
  const clauses = "patterns" in first ? [first, ...others] : others;
  const list = ranked(clauses as readonly Clause<Body>[]);
  const expand: Definition["expand"] = (params, name) => choose(list, params, name).fn(...params);
  const text = (): string =>
    list.declared.map(({ patterns, fn }) => `[${patterns.map(patternText).join(", ")}]: ${String(fn)}`).join("\n");
  const explainAll = (params: readonly unknown[]): string[] => list.declared.map((clause) => explain(clause, params));
  const placed = whole !== undefined || clauses.some(({ placement }) => placement !== undefined);
  return define(outside(), {
    kind: "rule",
    expand,
    text,
    explain: explainAll,
    ...(placed ? { placement: (params) => choose(list, params, "").placement ?? whole } : {}),
  });
}

type Body = (...params: readonly unknown[]) => Op | Ref;

/** What calling a rule does before it has a namespace. */
function outside(): () => never {
  return () => {
    throw new NamespaceError(
      'This rule has no name yet: put it into namespace("name", { ... }) and call it from there.',
      {},
    );
  };
}

/** Clauses with how specific they are in each place, a more specific one before a less specific one. */
interface Ranked<F> {
  readonly declared: readonly Clause<F>[];
  readonly ordered: readonly { readonly clause: Clause<F>; readonly ranks: readonly number[] }[];
}

function ranked<F>(clauses: readonly Clause<F>[]): Ranked<F> {
  const sum = (ranks: readonly number[]): number => ranks.reduce((total, rank) => total + rank, 0);
  const ordered = clauses.map((clause) => ({ clause, ranks: clause.patterns.map(rankOf) }));
  return { declared: clauses, ordered: ordered.sort((a, b) => sum(b.ranks) - sum(a.ranks)) };
}

/**
 * The one most specific clause that matches. The first that fits is the only one that can be more specific than every
 * other that fits; texts are made for errors only, since every expansion comes through here.
 */
function choose<F>({ declared, ordered }: Ranked<F>, params: readonly unknown[], name: string): Clause<F> {
  let best: (typeof ordered)[number] | undefined;
  let ambiguous = false;
  for (const candidate of ordered) {
    if (!fits(candidate.clause, params)) continue;
    if (!best) best = candidate;
    else if (!moreSpecific(best.ranks, candidate.ranks)) ambiguous = true;
  }
  if (best && !ambiguous) return best.clause;
  const what = best ? "matches several clauses equally well" : "matches no clause";
  const explained = declared.map((clause) => explain(clause, params));
  throw new ClauseChoiceError(
    `${name}(${describeParams(params)}) ${what}:\n${explained.map((line) => `  ${line}`).join("\n")}\nAdd a clause, or change the params.`,
    { rule: name, clauses: explained },
  );
}

function fits({ patterns }: Clause<unknown>, params: readonly unknown[]): boolean {
  if (patterns.length !== params.length) return false;
  for (let i = 0; i < patterns.length; i++) if (!matches(patterns[i]!, params[i])) return false;
  return true;
}

/** At least as specific in every place and more so in one. */
function moreSpecific(a: readonly number[], b: readonly number[]): boolean {
  let more = false;
  for (let i = 0; i < a.length; i++) {
    if (a[i]! < b[i]!) return false;
    if (a[i]! > b[i]!) more = true;
  }
  return more;
}

/** Why a clause does not match, or undefined where it does. */
function mismatch(clause: Clause<unknown>, params: readonly unknown[]): string | undefined {
  const { length } = clause.patterns;
  if (length !== params.length) return `takes ${length} ${length === 1 ? "param" : "params"}, not ${params.length}`;
  for (let i = 0; i < params.length; i++) {
    const pattern = clause.patterns[i]!;
    if (!matches(pattern, params[i]))
      return `param ${i + 1} (${describeParams([params[i]])}) is not ${patternText(pattern)}`;
  }
  return undefined;
}

function explain(clause: Clause<unknown>, params: readonly unknown[]): string {
  return `[${clause.patterns.map(patternText).join(", ")}]: ${mismatch(clause, params) ?? "matches"}`;
}

/**
 * A named function from params to refs that makes no node of its own, for a namespace: what takes a list of refs and gives
 * a list of refs, such as a shuffler. `partial` binds it like a rule.
 */
export function macro<F extends (...params: never[]) => unknown>(fn: F): F {
  const callable = ((...params: never[]) => fn(...params)) as F;
  return define(callable, { kind: "macro", fn });
}
