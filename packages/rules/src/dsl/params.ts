import { FileValue, Ref } from "@graphvm/engine";
import {
  type FunctionIdentity,
  functionIdentity,
  identifyFunction,
  isPlainObject,
  isTypedArray,
  partialParts,
  TYPED_ARRAYS,
  type TypedArray,
  typedArrayCode,
} from "@graphvm/engine/internal";
import { BadParamError } from "../errors.js";
import { inspectFunction } from "../functions/closed.js";
import { isDeclaredNamespace, memberOf } from "./definition.js";

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
  if (typeof value === "function") return known(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Ref || value instanceof FileValue || snapshots.has(value)) return value;
  if (depth > 1000) throw new BadParamError(`The ${where()} contains itself or nests deeper than 1,000 levels.`, {});
  const copy = copyOf(value, depth, where);
  snapshots.add(copy);
  return copy;
}

function copyOf(value: object, depth: number, where: () => string): object {
  if (Array.isArray(value)) return Object.freeze(Array.from(value, (item) => snapshot(item, depth + 1, where)));
  if (isTypedArray(value)) return copyTyped(value, where);
  if (value instanceof Date) return Object.freeze(new Date(value.getTime()));
  if (isPlainObject(value)) {
    const copy: { [key: string]: unknown } = {};
    for (const key of Object.keys(value)) {
      const item = snapshot(value[key], depth + 1, where);
      if (key !== "__proto__") copy[key] = item;
      else Object.defineProperty(copy, key, { value: item, enumerable: true });
    }
    return Object.freeze(copy);
  }
  const type = value.constructor?.name ?? "object";
  throw new BadParamError(
    `A ${type} can't be a param (${where()}): pass plain data, a ref, file(uri) or an exported function.`,
    { type },
  );
}

/** A copy of the plain type: of a Buffer a Uint8Array, of shared memory its own. */
function copyTyped(value: TypedArray, where: () => string): TypedArray {
  const type = TYPED_ARRAYS[typedArrayCode(value)];
  if (type) return new type(value as never);
  const name = value[Symbol.toStringTag] as string;
  throw new BadParamError(`A ${name} can't be a param (${where()}): use one of ES2022's typed arrays.`, { type: name });
}

/** The function, looked at once: closed, or a member of a namespace (then of the clone that is running). */
// biome-ignore lint/complexity/noBannedTypes: any callable can be a param
function known(fn: Function): Function {
  const member = memberOf(fn);
  if (member) {
    const current = member.current();
    const { ns, name } = memberOf(current) ?? member;
    if (!functionIdentity(current)) identifyFunction(current, { kind: "member", ns, name });
    return current;
  }
  if (!functionIdentity(fn) && !partialParts(fn)) identifyFunction(fn, withKnownNamespaces(inspectFunction(fn)));
  return fn;
}

/** `model.predict(x)` reads like a call of a rule; where no namespace is called `model` it is a captured variable. */
function withKnownNamespaces(identity: FunctionIdentity): FunctionIdentity {
  if (identity.kind !== "closed") return identity;
  const variables = identity.namespaces.filter((name) => !isDeclaredNamespace(name));
  return variables.length === 0 ? identity : { kind: "captures", source: identity.source, variables };
}
