import { FileValue, Ref } from "@graphvm/engine";
import { functionIdentity, identifyFunction, isLabel, TYPED_ARRAYS } from "@graphvm/engine/internal";
import { partial } from "../dsl/partial.js";
import { BadWireError } from "../errors.js";
import type { Json } from "./json.js";
import type { Scope } from "./scope.js";
import type { WireRefs } from "./write-refs.js";

/**
 * Reads refs back, in a scope that knows the programs they speak of.
 *
 * @throws UnknownNameError for rules that aren't loaded; BadWireError for what is not of the form.
 */
export function readRefs(wire: WireRefs, scope: Scope): Ref[] {
  const refs: Ref[] = [];
  const { refs: entries, roots } = record(wire as unknown as Json);
  for (const entry of list(entries)) {
    const [ns, name, params] = list(entry);
    const rule = scope.rule(text(ns), text(name));
    const read = list(params).map((param) => readParam(param, refs, scope, 0));
    refs.push(new Ref(rule, Object.freeze(read)));
  }
  return list(roots).map((root) => at(refs, root));
}

function at(refs: readonly Ref[], index: Json | undefined): Ref {
  const ref = typeof index === "number" ? refs[index] : undefined;
  if (!ref) throw new BadWireError(`A message names ref ${JSON.stringify(index)} of ${refs.length}.`, {});
  return ref;
}

function readParam(json: Json, refs: readonly Ref[], scope: Scope, depth: number): unknown {
  if (depth > 1001) throw new BadWireError("A param nests deeper than 1,000 levels.", {});
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return Object.freeze(json.map((item: Json) => readParam(item, refs, scope, depth + 1)));
  const object = record(json);
  const keys = Object.keys(object);
  const tag = keys.length === 1 ? keys[0]! : "";
  const reader = tag.startsWith("$") ? READERS.get(tag) : undefined;
  const next = (inner: Json): unknown => readParam(inner, refs, scope, depth + 1);
  if (reader) return reader(object[tag]!, next, scope, refs);
  if (keys.some((key) => key.startsWith("$")))
    throw new BadWireError(`A param has the unknown form ${keys.join(", ")}.`, {});
  return Object.freeze(Object.fromEntries(keys.map((key) => [key, next(object[key]!)])));
}

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ["-0", -0],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

type Reader = (json: Json, next: (json: Json) => unknown, scope: Scope, refs: readonly Ref[]) => unknown;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["$ref", (json, _next, _scope, refs) => at(refs, json)],
  ["$number", (json) => NUMBERS.get(text(json)) ?? bad("number")],
  ["$bigint", (json) => (/^-?\d+$/.test(text(json)) ? BigInt(text(json)) : bad("bigint"))],
  ["$undefined", () => undefined],
  ["$date", (json, next) => readDate(next(json))],
  ["$file", (json) => readFile(json)],
  ["$typed", (json) => readTyped(json)],
  ["$object", (json, next) => Object.freeze(Object.fromEntries(list(json).map((entry) => readEntry(entry, next))))],
  ["$member", (json, _next, scope) => scope.member(text(list(json)[0]), text(list(json)[1]))],
  ["$export", (json, _next, scope) => scope.exported(text(list(json)[0]), text(list(json)[1]))],
  ["$closed", (json, _next, scope) => readClosed(list(json), scope)],
  [
    "$partial",
    (json, next, scope) => {
      const [ns, name, rest] = list(json);
      const target = scope.member(text(ns), text(name)) as (head: unknown, ...rest: unknown[]) => unknown;
      return partial(target, ...list(rest).map(next));
    },
  ],
]);

function readClosed(parts: readonly Json[], scope: Scope): unknown {
  const source = text(parts[0]);
  const namespaces = list(parts[1]).map(text);
  const fn = scope.closed(source, namespaces);
  if (!functionIdentity(fn)) identifyFunction(fn, { kind: "closed", source, namespaces });
  return fn;
}

function readEntry(json: Json, next: (json: Json) => unknown): [string, unknown] {
  const entry = list(json);
  return entry.length === 2 ? [text(entry[0]), next(entry[1]!)] : bad("object");
}

function readDate(time: unknown): Date {
  return typeof time === "number" ? Object.freeze(new Date(time)) : bad("date");
}

function readFile(json: Json): FileValue {
  const { uri, sha256, size, plane } = record(json);
  if (plane !== undefined && !(typeof plane === "string" && isLabel(plane))) return bad("plane");
  return new FileValue(text(uri), {
    ...(plane === undefined ? {} : { on: { plane } }),
    ...(typeof sha256 === "string" ? { sha256 } : {}),
    ...(typeof size === "number" ? { size } : {}),
  });
}

function readTyped(json: Json): unknown {
  const [name, base64] = list(json);
  const type = TYPED_ARRAYS.find((each) => each.name === text(name));
  if (!type) return bad("typed array");
  const bytes = new Uint8Array(Buffer.from(text(base64), "base64"));
  if (Buffer.from(bytes.buffer).toString("base64") !== base64) return bad("typed array");
  if (bytes.length % type.BYTES_PER_ELEMENT !== 0) return bad("typed array");
  return new type(bytes.buffer);
}

function text(json: Json | undefined): string {
  return typeof json === "string" ? json : bad("string");
}

function list(json: Json | undefined): readonly Json[] {
  return Array.isArray(json) ? json : bad("list");
}

function record(json: Json | undefined): { readonly [key: string]: Json } {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return bad("object");
  return json as { readonly [key: string]: Json };
}

function bad(what: string): never {
  throw new BadWireError(`A message holds a malformed ${what}.`, {});
}
