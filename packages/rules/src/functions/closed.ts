import type { FunctionIdentity } from "@graphvm/engine/internal";
import { type Program, parse, parseExpressionAt } from "acorn";
import { analyze } from "eslint-scope";
import { GLOBALS } from "./globals.js";
import { surroundings } from "./surroundings.js";

// A rule's body makes a new function object at each expansion; its text is what counts.
const inspected = new Map<string, FunctionIdentity>();
const REMEMBERED = 10_000;

/**
 * Finds out whether a function is closed: whether its source alone says what it does. A variable that is only ever used as
 * `name.member(...)` may be a namespace; the session it is submitted to must then have a namespace of that name.
 */
// biome-ignore lint/complexity/noBannedTypes: any callable can be a param
export function inspectFunction(fn: Function): FunctionIdentity {
  const source = Function.prototype.toString.call(fn);
  let identity = inspected.get(source);
  if (!identity) {
    if (inspected.size >= REMEMBERED) inspected.clear();
    identity = inspectSource(source);
    inspected.set(source, identity);
  }
  return identity;
}

function inspectSource(source: string): FunctionIdentity {
  const expression = asExpression(source);
  if (expression === undefined) return { kind: "captures", source, variables: [] };
  const program = parseModule(expression);
  const free = freeReferences(program);
  const names = [...new Set(free.map((reference) => reference.identifier.name))].sort();
  const others = free.filter((reference) => !isNamespaceUse(expression, reference));
  const captured = new Set([...others.map((reference) => reference.identifier.name), ...surroundings(program)]);
  if (captured.size === 0) return { kind: "closed", source: expression, namespaces: names };
  return { kind: "captures", source, variables: [...captured].sort() };
}

/** A function's source as an expression and the names it takes from outside, or undefined where it has no source. */
export function freeVariables(
  // biome-ignore lint/complexity/noBannedTypes: any callable can be looked at
  fn: Function,
): { readonly source: string; readonly names: readonly string[] } | undefined {
  const source = asExpression(Function.prototype.toString.call(fn));
  if (source === undefined) return undefined;
  const names = freeReferences(parseModule(source)).map((reference) => reference.identifier.name);
  return { source, names: [...new Set(names)].sort() };
}

function parseModule(expression: string): Program {
  return parse(expression, { ecmaVersion: "latest", sourceType: "module", ranges: true, locations: true });
}

/** The source as an expression: a method's text is none, so it is taken out of an object literal. */
function asExpression(source: string): string | undefined {
  if (/\{\s*\[native code\]\s*\}$/.test(source)) return undefined;
  try {
    parseModule(`(${source})`);
    return `(${source})`;
  } catch {
    return isMethod(source) ? `Object.values({${source}})[0]` : undefined;
  }
}

/** Whether the source is one method with a plain name: no getter, no computed key. */
function isMethod(source: string): boolean {
  try {
    const expression = parseExpressionAt(`({${source}})`, 0, { ecmaVersion: "latest", sourceType: "module" });
    const properties = expression.type === "ObjectExpression" ? expression.properties : [];
    const [only] = properties;
    return properties.length === 1 && only?.type === "Property" && only.method && !only.computed;
  } catch {
    return false;
  }
}

interface Reference {
  readonly identifier: { readonly name: string; readonly range?: [number, number] | undefined };
  isWrite(): boolean;
}

function freeReferences(program: Program): Reference[] {
  const manager = analyze(program as Parameters<typeof analyze>[0], {
    ecmaVersion: 2022,
    sourceType: "module",
    optimistic: false,
  });
  const through: readonly Reference[] = manager.globalScope?.through ?? [];
  return through.filter((reference) => !GLOBALS.has(reference.identifier.name));
}

/** `name.member(`: what a call of a namespace's rule looks like. */
function isNamespaceUse(expression: string, reference: Reference): boolean {
  const end = reference.identifier.range?.[1];
  return end !== undefined && !reference.isWrite() && /^\s*\.\s*[A-Za-z_$][\w$]*\s*\(/.test(expression.slice(end));
}
