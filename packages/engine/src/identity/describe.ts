import { FileValue } from "./file-value.js";
import { partialParts, Ref } from "./ref.js";

/** A ref as a person would write it, cut to about `width` characters: `seq.fib(3)`. */
export function describeRef(ref: Ref, width = 100): string {
  return `${ref.ns}.${ref.name}(${describeParams(ref.params, width)})`;
}

/** Params as a person would write them, cut to about `width` characters. */
export function describeParams(params: readonly unknown[], width = 100): string {
  let text = "";
  for (const param of params) {
    text += (text === "" ? "" : ", ") + describeParam(param, 2);
    if (text.length > width) return `${text.slice(0, width)}…`;
  }
  return text;
}

function describeParam(param: unknown, depth: number): string {
  if (param instanceof Ref) return depth > 1 ? `${param.ns}.${param.name}(…)` : "ref";
  if (param instanceof FileValue) return `file(${JSON.stringify(param.uri)}${param.on ? ` on ${param.on.plane}` : ""})`;
  if (typeof param === "string") return JSON.stringify(param.length > 40 ? `${param.slice(0, 40)}…` : param);
  if (typeof param === "bigint") return `${param}n`;
  if (typeof param === "function") {
    const parts = partialParts(param);
    return parts ? `partial(${parts.ns}.${parts.name})` : `function ${param.name || "(anonymous)"}`;
  }
  if (Object.is(param, -0)) return "-0";
  if (typeof param !== "object" || param === null) return String(param);
  if (param instanceof Date) return Number.isNaN(param.getTime()) ? "Invalid Date" : param.toISOString();
  if (ArrayBuffer.isView(param)) return `${param.constructor.name}(${(param as Uint8Array).length})`;
  if (Array.isArray(param)) return depth === 0 ? `[${param.length}]` : `[${describeSome(param, depth)}]`;
  const entries = Object.entries(param);
  if (depth === 0) return "{…}";
  const shown = entries.slice(0, 4).map(([key, value]) => `${key}: ${describeParam(value, depth - 1)}`);
  return `{ ${shown.join(", ")}${entries.length > 4 ? ", …" : ""} }`;
}

function describeSome(items: readonly unknown[], depth: number): string {
  const shown = items.slice(0, 3).map((item) => describeParam(item, depth - 1));
  return shown.join(", ") + (items.length > 3 ? `, … ${items.length - 3} more` : "");
}
