import { Ref } from "@graphvm/engine";
import type { Rule } from "@graphvm/engine/internal";
import { NamespaceError } from "../errors.js";
import { type Definition, definitionOf, markMember } from "./definition.js";
import { checkParams } from "./params.js";

/** What is known of a namespace besides its callables. */
export interface NamespaceInfo {
  readonly name: string;
  readonly rules: ReadonlyMap<string, Rule>;
  /** What the user wrote for each entry: what a clone copies. */
  readonly entries: { readonly [name: string]: unknown };
  /** Of a clone: the namespaces whose calls it redirects while its rules run. */
  readonly bases: readonly NamespaceInfo[];
}

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
 * namespace go to the copy.
 */
export function clone<R extends object, S extends { [K in keyof R]?: unknown }>(
  base: R,
  name: string,
  over: S,
): Omit<R, keyof S> & S {
  const info = namespaceInfo(base);
  if (!info) throw new NamespaceError("clone() copies a namespace: pass what namespace(...) returned.", {});
  return build(name, { ...info.entries, ...over }, [info, ...info.bases]) as Omit<R, keyof S> & S;
}

function build<R extends object>(name: string, entries: R, bases: readonly NamespaceInfo[]): R {
  if (!/^[A-Za-z_][\w-]*$/.test(name)) {
    throw new NamespaceError(`"${name}" is no name for a namespace: use letters, digits, _ and -.`, { name });
  }
  const rules = new Map<string, Rule>();
  const info: NamespaceInfo = { name, rules, entries: entries as { [name: string]: unknown }, bases };
  const made: { [name: string]: unknown } = {};
  for (const [key, entry] of Object.entries(entries)) {
    const definition = definitionOf(entry);
    if (definition?.kind === "rule") made[key] = ruleCallable(info, rules, key, definition);
    else if (definition?.kind === "macro") {
      const { fn } = definition;
      made[key] = markMember((...params: never[]) => fn(...params), { ns: name, name: key });
    } else made[key] = entry;
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
    ...(info.bases.length > 0 ? { within: (work) => runIn(info, work) } : {}),
  };
  rules.set(key, rule);
  const call = (...params: unknown[]): Ref => new Ref(redirected(info, key) ?? rule, checkParams(params, full));
  return markMember(call, { ns: info.name, name: key });
}

function runIn<T>(info: NamespaceInfo, work: () => T): T {
  running.push(info);
  try {
    return work();
  } finally {
    running.pop();
  }
}

/** The rule that answers instead, where a clone of this namespace is running. */
function redirected(info: NamespaceInfo, key: string): Rule | undefined {
  const clone = running.at(-1);
  return clone?.bases.includes(info) ? clone.rules.get(key) : undefined;
}
