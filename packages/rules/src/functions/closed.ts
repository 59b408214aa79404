import type { FunctionIdentity } from "@graphvm/engine/internal";
import { parse } from "acorn";
import { analyze } from "eslint-scope";
import { GLOBALS } from "./globals.js";

/**
 * Finds out whether a function is closed: whether its source alone says what it does. A variable that is only ever used as
 * `name.member(...)` may be a namespace; the session it is submitted to must then have a namespace of that name.
 */
// biome-ignore lint/complexity/noBannedTypes: any callable can be a param
export function inspectFunction(fn: Function): FunctionIdentity {
  const source = Function.prototype.toString.call(fn);
  const expression = asExpression(source);
  if (expression === undefined) return { kind: "captures", source, variables: [] };
  const free = freeReferences(expression);
  const names = [...new Set(free.map((reference) => reference.identifier.name))].sort();
  const others = free.filter((reference) => !isNamespaceUse(expression, reference));
  if (others.length === 0) return { kind: "closed", source: expression, namespaces: names };
  return {
    kind: "captures",
    source,
    variables: [...new Set(others.map((reference) => reference.identifier.name))].sort(),
  };
}

/** The source as an expression: a method's text is none, so it is taken out of an object literal. */
function asExpression(source: string): string | undefined {
  if (/\{\s*\[native code\]\s*\}$/.test(source)) return undefined;
  for (const text of [`(${source})`, `Object.values({${source}})[0]`]) {
    try {
      parse(text, { ecmaVersion: "latest", sourceType: "module" });
      return text;
    } catch {
      // the other form, or none
    }
  }
  return undefined;
}

interface Reference {
  readonly identifier: { readonly name: string; readonly range?: [number, number] | undefined };
  isWrite(): boolean;
}

function freeReferences(expression: string): Reference[] {
  const program = parse(expression, { ecmaVersion: "latest", sourceType: "module", ranges: true, locations: true });
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
