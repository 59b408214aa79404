import { NotJsonError } from "./errors.js";

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

const MAX_DEPTH = 1000;

/**
 * The one JSON text of a value, for hashing: no spaces, keys sorted by UTF-16 code units, numbers as JavaScript prints
 * them (the shortest text that reads back as the same double) with `-0` kept, strings escaped as `JSON.stringify` does.
 * @param indent Spaces a level, for people; 0 (the canonical form) by default.
 * @throws NotJsonError for anything that JSON would drop or change: undefined, NaN, infinities, bigints, functions,
 * symbols, class instances, holes in arrays, and values more than 1,000 levels deep (cycles).
 * @example canonicalJson({ b: [1, -0], a: "x" }) // {"a":"x","b":[1,-0]}
 */
export function canonicalJson(value: unknown, indent = 0): string {
  return write(value, [], indent);
}

function write(value: unknown, path: (string | number)[], indent: number): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw refuse(String(value), path);
    return Object.is(value, -0) ? "-0" : String(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value !== "object") throw refuse(value === undefined ? "undefined" : `a ${typeof value}`, path);
  if (path.length >= MAX_DEPTH) throw refuse(`more than ${MAX_DEPTH} levels (or a cycle)`, path.slice(0, 8));
  const parts: string[] = [];
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      path.push(i);
      parts.push(write(value[i], path, indent));
      path.pop();
    }
    return join("[", parts, "]", path.length, indent);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw refuse(`an instance of ${(value.constructor as { name?: string } | undefined)?.name ?? "a class"}`, path);
  }
  const object = value as Record<string, unknown>;
  const keys = Object.keys(object);
  for (const key of keys.length > 1 ? keys.sort() : keys) {
    path.push(key);
    parts.push(`${JSON.stringify(key)}:${indent > 0 ? " " : ""}${write(object[key], path, indent)}`);
    path.pop();
  }
  return join("{", parts, "}", path.length, indent);
}

function join(open: string, parts: readonly string[], close: string, depth: number, indent: number): string {
  if (indent === 0 || parts.length === 0) return open + parts.join(",") + close;
  const pad = " ".repeat(indent * depth);
  const inner = pad + " ".repeat(indent);
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${pad}${close}`;
}

function refuse(what: string, path: readonly (string | number)[]): NotJsonError {
  const place = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
  return new NotJsonError(`${what} at value${place} has no JSON form; convert it before it is recorded.`, {
    path: `value${place}`,
  });
}
