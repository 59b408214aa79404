import { compileFunction } from "node:vm";
import type { AnyFunction } from "@graphvm/rules/internal";

/**
 * Makes a closed function from its source, with namespaces for its free variables. Together with `evaluate.ts` the only
 * place where text becomes code.
 */
export function compileClosed(source: string, namespaces: ReadonlyMap<string, object>): AnyFunction {
  const make = compileFunction(`"use strict"; return ${source}`, [...namespaces.keys()], {
    filename: "closed-function.js",
  });
  return make(...namespaces.values()) as AnyFunction;
}
