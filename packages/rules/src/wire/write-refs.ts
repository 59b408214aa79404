import { FileValue, nodeId, Ref } from "@graphvm/engine";
import { captured, eachRef, functionIdentity, isTypedArray, partialParts } from "@graphvm/engine/internal";
import { BadParamError } from "../errors.js";
import type { Json } from "./json.js";

/** Refs as JSON: each distinct ref once, dependencies among params first, so that shared refs stay shared. */
export interface WireRefs {
  /** `[namespace, rule, params]`; params name earlier refs as `{ "$ref": index }`. */
  readonly refs: readonly (readonly [string, string, readonly Json[]])[];
  /** Indices of the refs that were meant. */
  readonly roots: readonly number[];
}

/** What may travel by name: asked before a function is written. */
export interface WriteOptions {
  /** Whether the receiver has a namespace of that name. Default: every name is taken. */
  readonly hasNamespace?: (name: string) => boolean;
}

/**
 * Writes refs for the wire and the journal.
 *
 * @throws CapturedVariableError for functions that are neither exported from a program nor closed; BadParamError for a
 * root that is no ref.
 */
export function writeRefs(roots: readonly Ref[], options: WriteOptions = {}): WireRefs {
  for (const root of roots)
    if (!(root instanceof Ref))
      throw new BadParamError(`A ref is needed, which is what calling a rule gives; this is ${typeof root}.`, {});
  const index: RefIndex = new Map();
  const refs: [string, string, Json[]][] = [];
  const stack = [...roots].reverse();
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const before = stack.length;
    const id = nodeId(top);
    const known = index.has(id);
    if (!known)
      for (const param of top.params) eachRef(param, (inner) => index.has(nodeId(inner)) || stack.push(inner));
    if (stack.length > before) continue;
    stack.pop();
    if (known) continue;
    const params = top.params.map((param) => writeParam(param, index, options));
    index.set(id, refs.push([top.ns, top.name, params]) - 1);
  }
  return { refs, roots: roots.map((root) => index.get(nodeId(root))!) };
}

/** Where each ref was written, by node id: equal refs are one, however many objects they are. */
type RefIndex = Map<string, number>;

function writeParam(param: unknown, index: RefIndex, options: WriteOptions): Json {
  switch (typeof param) {
    case "string":
    case "boolean":
      return param;
    case "number":
      return Number.isFinite(param) && !Object.is(param, -0)
        ? param
        : { $number: Object.is(param, -0) ? "-0" : String(param) };
    case "bigint":
      return { $bigint: param.toString() };
    case "undefined":
      return { $undefined: true };
    case "function":
      return writeFunction(param, index, options);
  }
  if (param === null) return null;
  if (param instanceof Ref) return { $ref: index.get(nodeId(param))! };
  if (param instanceof FileValue)
    return {
      $file: withoutUndefined({ uri: param.uri, sha256: param.sha256, size: param.size, plane: param.on?.plane }),
    };
  if (Array.isArray(param)) return Array.from(param, (item) => writeParam(item, index, options));
  if (param instanceof Date) return { $date: writeParam(param.getTime(), index, options) };
  if (isTypedArray(param)) {
    const bytes = Buffer.from(param.buffer, param.byteOffset, param.byteLength);
    return { $typed: [param[Symbol.toStringTag], bytes.toString("base64")] };
  }
  if (typeof param !== "object") throw new BadParamError("A symbol can't be a param.", {});
  const entries = Object.entries(param).map(([key, value]) => [key, writeParam(value, index, options)] as const);
  return entries.some(([key]) => key.startsWith("$") || key === "__proto__")
    ? { $object: entries }
    : Object.fromEntries(entries);
}

// biome-ignore lint/complexity/noBannedTypes: any callable can be a param
function writeFunction(fn: Function, index: RefIndex, options: WriteOptions): Json {
  const parts = partialParts(fn);
  if (parts) return { $partial: [parts.ns, parts.name, parts.rest.map((each) => writeParam(each, index, options))] };
  const identity = functionIdentity(fn);
  if (identity?.kind === "export") return { $export: [identity.program, identity.name] };
  if (identity?.kind === "member") return { $member: [identity.ns, identity.name] };
  if (identity?.kind !== "closed") throw captured(fn.name, identity?.variables ?? []);
  const unknown = identity.namespaces.filter((name) => options.hasNamespace?.(name) === false);
  if (unknown.length > 0) throw captured(fn.name, unknown);
  return { $closed: [identity.source, identity.namespaces] };
}

function withoutUndefined(object: { [key: string]: Json | undefined }): { [key: string]: Json } {
  return Object.fromEntries(Object.entries(object).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}
