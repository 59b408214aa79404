import { FileValue, Ref } from "@graphvm/engine";
import {
  functionIdentity,
  identifyFunction,
  isPlainObject,
  isTypedArray,
  partialParts,
} from "@graphvm/engine/internal";
import { BadParamError } from "../errors.js";
import { inspectFunction } from "../functions/closed.js";
import { memberOf } from "./definition.js";

// What this file froze already: params handed on from rule to rule are not copied again.
const snapshots = new WeakSet<object>();

/**
 * Checks that params are values and takes a frozen copy of arrays and objects, so that a ref never changes. Functions are
 * looked at: closed, or else to be found among a program's exports when the ref is submitted.
 *
 * @throws BadParamError for class instances, symbols and cycles.
 */
export function checkParams(params: readonly unknown[], rule: string): readonly unknown[] {
  for (let i = 0; i < params.length; i++) {
    const param = params[i];
    if ((typeof param === "object" && param !== null) || typeof param === "function" || typeof param === "symbol") {
      return params.map((each, at) => snapshot(each, 0, () => `param ${at + 1} of ${rule}`));
    }
  }
  return params;
}

function snapshot(value: unknown, depth: number, where: () => string): unknown {
  if (typeof value === "symbol") throw new BadParamError(`A symbol can't be a param (${where()}): use a string.`, {});
  if (typeof value === "function") {
    lookAt(value);
    return value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Ref || value instanceof FileValue || snapshots.has(value)) return value;
  if (depth > 1000) throw new BadParamError(`The ${where()} contains itself or nests deeper than 1,000 levels.`, {});
  const copy = copyOf(value, depth, where);
  snapshots.add(copy);
  return copy;
}

function copyOf(value: object, depth: number, where: () => string): object {
  if (Array.isArray(value)) return Object.freeze(value.map((item) => snapshot(item, depth + 1, where)));
  if (isTypedArray(value)) return value.slice();
  if (value instanceof Date) return Object.freeze(new Date(value.getTime()));
  if (isPlainObject(value)) {
    const copy: { [key: string]: unknown } = {};
    for (const key of Object.keys(value)) copy[key] = snapshot(value[key], depth + 1, where);
    return Object.freeze(copy);
  }
  const type = value.constructor?.name ?? "object";
  throw new BadParamError(
    `A ${type} can't be a param (${where()}): pass plain data, a ref, file(uri) or an exported function.`,
    { type },
  );
}

// biome-ignore lint/complexity/noBannedTypes: any callable can be a param
function lookAt(fn: Function): void {
  if (functionIdentity(fn) || partialParts(fn)) return;
  const member = memberOf(fn);
  identifyFunction(fn, member ? { kind: "member", ...member } : inspectFunction(fn));
}
