import { Ref } from "@graphvm/engine";
import type { Rule } from "@graphvm/engine/internal";
import { NamespaceError } from "../errors.js";
import { type Definition, declareNamespace, definitionOf, type MacroDefinition, markMember } from "./definition.js";
import { checkParams } from "./params.js";

/** What is known of a namespace besides its callables. */
export interface NamespaceInfo {
  readonly name: string;
  readonly rules: ReadonlyMap<string, Rule>;
  /** The callables (and whatever else the user put in). */
  readonly members: { readonly [name: string]: unknown };
  /** What the user wrote for each entry: what a clone copies. */
  readonly entries: { readonly [name: string]: unknown };
  /** Of a clone: the namespaces whose calls it redirects while its rules run. */
  readonly bases: readonly NamespaceInfo[];
}

const NAME = /^[A-Za-z_][\w-]*$/;
const INFO: unique symbol = Symbol("graphvm.namespace");

// The clones whose rules are running, innermost last. Synchronous: bodies are.
const running: NamespaceInfo[] = [];

/** What is known of a namespace, or undefined where `value` is none. */
export function namespaceInfo(value: unknown): NamespaceInfo | undefined {
  return typeof value === "object" && value !== null ? (value as { [INFO]?: NamespaceInfo })[INFO] : undefined;
}

/**
 * Names a set of rules. Calling one of them makes a ref and runs nothing.
 *
 * @throws NamespaceError for a name that is not a plain identifier.
 * @example
 * const seq = namespace("seq", { one: rule((): Op<number> => apply(() => 1)()) });
 * const ref: Ref<number> = seq.one();
 */
export function namespace<R extends object>(name: string, rules: R): R {
  return build(name, rules, []);
}

/**
 * A copy of a namespace under another name with some entries replaced. While a rule of the copy runs, calls to the base
 * namespace go to the copy; so do partials that it makes. A partial made elsewhere keeps the namespace it was made in.
 *
 * @example
 * const half = clone(seq, "half", { one: rule((): Op<number> => apply(() => 0.5)()) });
 */
export function clone<R extends object, S extends Partial<R>>(base: R, name: string, over: S): Omit<R, keyof S> & S {
  const info = namespaceInfo(base);
  if (!info) throw new NamespaceError("clone() copies a namespace: pass what namespace(...) returned.", {});
  return build(name, { ...info.entries, ...over }, [info, ...info.bases]) as Omit<R, keyof S> & S;
}

function build<R extends object>(name: string, entries: R, bases: readonly NamespaceInfo[]): R {
  if (!NAME.test(name)) {
    throw new NamespaceError(`"${name}" is no name for a namespace: use letters, digits, _ and -.`, { name });
  }
  declareNamespace(name);
  const rules = new Map<string, Rule>();
  const made: { [name: string]: unknown } = {};
  const info: NamespaceInfo = { name, rules, members: made, entries: entries as { [name: string]: unknown }, bases };
  for (const [key, entry] of Object.entries(entries)) {
    const definition = definitionOf(entry);
    if (definition && !NAME.test(key))
      throw new NamespaceError(`"${key}" is no name for a rule: use letters, digits, _ and -.`, { name: key });
    if (definition?.kind === "rule") made[key] = ruleCallable(info, rules, key, definition);
    else if (definition?.kind === "macro") made[key] = macroCallable(info, key, definition);
    else made[key] = entry;
  }
  Object.defineProperty(made, INFO, { value: info });
  return Object.freeze(made) as R;
}

function ruleCallable(info: NamespaceInfo, rules: Map<string, Rule>, key: string, definition: Definition): unknown {
  const full = `${info.name}.${key}`;
  const rule: Rule = {
    ns: info.name,
    name: key,
    expand: (params) => definition.expand(params, full),
    text: definition.text,
    ...(definition.explain ? { explain: definition.explain } : {}),
    ...(definition.placement ? { placement: definition.placement } : {}),
    ...(info.bases.length > 0 ? { within: (work) => runIn(info, work) } : {}),
  };
  rules.set(key, rule);
  return member(info, key, (...params: unknown[]) => new Ref(rule, checkParams(params, full)));
}

function macroCallable(info: NamespaceInfo, key: string, { fn }: MacroDefinition): unknown {
  const run = fn as Callable;
  return member(info, key, info.bases.length > 0 ? (...params) => runIn(info, () => run(...params)) : run);
}

type Callable = (...params: unknown[]) => unknown;

/** A callable that goes to the running clone's entry where there is one. */
function member(info: NamespaceInfo, key: string, direct: Callable): unknown {
  const call: Callable = (...params) => {
    const other = running.length > 0 ? redirected(info, key) : undefined;
    return other && other !== call ? other(...params) : direct(...params);
  };
  return markMember(call, { ns: info.name, name: key, current: () => redirected(info, key) ?? call, direct });
}

function runIn<T>(info: NamespaceInfo, work: () => T): T {
  running.push(info);
  try {
    return work();
  } finally {
    running.pop();
  }
}

/** The entry that answers instead, where a clone of this namespace is running. */
function redirected(info: NamespaceInfo, key: string): Callable | undefined {
  const clone = running.at(-1);
  const entry = clone?.bases.includes(info) ? clone.members[key] : undefined;
  return typeof entry === "function" ? (entry as Callable) : undefined;
}
