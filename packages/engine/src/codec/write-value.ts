import { CapturedVariableError, UnencodableValueError } from "../errors.js";
import { FileValue } from "../identity/file-value.js";
import { functionIdentity } from "../identity/function-identity.js";
import { partialParts, Ref } from "../identity/ref.js";
import type { ByteWriter } from "./byte-writer.js";
import { isTypedArray, TAG, type TypedArray, typedArrayCode } from "./tags.js";
import { codecFor, type DigestSink } from "./value-codec.js";

/**
 * What the bytes are for. `transport` can be read back and keeps key order; `digest` is what a value means (sorted
 * keys, one NaN, codecs write meaning, not layout); `identity` is the same for params, where refs, files and functions
 * may stand.
 */
export type Purpose = "transport" | "digest" | "identity";

const MAX_DEPTH = 1000;

/** Writes one value. Not re-entrant for refs without ids: `identity/node-id.ts` sees to those first. */
export function writeValue(out: ByteWriter, value: unknown, purpose: Purpose, depth = 0): void {
  switch (typeof value) {
    case "number":
      out.u8(TAG.number);
      out.f64(value);
      return;
    case "string":
      out.u8(TAG.string);
      out.string(value);
      return;
    case "boolean":
      out.u8(value ? TAG.true : TAG.false);
      return;
    case "undefined":
      out.u8(TAG.undefined);
      return;
    case "bigint":
      out.u8(TAG.bigint);
      out.string(value.toString());
      return;
    case "function":
      writeFunction(out, value, purpose, depth);
      return;
    case "symbol":
      throw new UnencodableValueError("A symbol has no meaning outside this process: use a string.", {
        type: "symbol",
      });
  }
  if (value === null) out.u8(TAG.null);
  else if (depth > MAX_DEPTH)
    throw new UnencodableValueError("The value contains itself or nests deeper than 1,000 levels.", {});
  else writeObject(out, value as object, purpose, depth);
}

function writeObject(out: ByteWriter, value: object, purpose: Purpose, depth: number): void {
  if (Array.isArray(value)) {
    out.u8(TAG.array);
    out.count(value.length);
    let i = 0;
    try {
      for (; i < value.length; i++) writeValue(out, value[i], purpose, depth + 1);
    } catch (error) {
      throw placed(error, i, depth);
    }
  } else if (isTypedArray(value)) writeTypedArray(out, value, purpose);
  else if (value instanceof Ref || value instanceof FileValue) writeReference(out, value, purpose);
  else if (isPlainObject(value)) writeRecord(out, value, purpose, depth);
  else if (value instanceof Date) {
    out.u8(TAG.date);
    out.f64(value.getTime());
  } else if (purpose !== "identity" && (value instanceof Map || value instanceof Set))
    writeCollection(out, value, purpose, depth);
  else writeByCodec(out, value, purpose);
}

/** Maps and sets in their own order, which is part of what they mean. */
function writeCollection(
  out: ByteWriter,
  value: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>,
  purpose: Purpose,
  depth: number,
): void {
  out.u8(value instanceof Map ? TAG.map : TAG.set);
  out.count(value.size);
  let i = 0;
  try {
    for (const item of value) {
      if (value instanceof Map) {
        writeValue(out, (item as [unknown, unknown])[0], purpose, depth + 1);
        writeValue(out, (item as [unknown, unknown])[1], purpose, depth + 1);
      } else writeValue(out, item, purpose, depth + 1);
      i++;
    }
  } catch (error) {
    throw placed(error, i, depth);
  }
}

function writeRecord(out: ByteWriter, value: { [key: string]: unknown }, purpose: Purpose, depth: number): void {
  const keys = Object.keys(value);
  if (purpose !== "transport") keys.sort();
  out.u8(TAG.object);
  out.count(keys.length);
  let i = 0;
  try {
    for (; i < keys.length; i++) {
      out.string(keys[i]!);
      writeValue(out, value[keys[i]!], purpose, depth + 1);
    }
  } catch (error) {
    throw placed(error, keys[i]!, depth);
  }
}

function writeTypedArray(out: ByteWriter, value: TypedArray, purpose: Purpose): void {
  const code = typedArrayCode(value);
  if (code < 0) {
    const type = value[Symbol.toStringTag] as string;
    throw new UnencodableValueError(`A ${type} can't be encoded: use one of ES2022's typed arrays.`, { type });
  }
  out.u8(TAG.typedArray);
  out.u8(code);
  out.count(value.length);
  if (purpose === "transport") out.align8();
  const oneNaN = purpose !== "transport" && (value instanceof Float64Array || value instanceof Float32Array);
  const array = oneNaN ? withOneNaN(value) : value;
  out.raw(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
}

/** The same array where every NaN has the same bits; a copy only where there is a NaN. */
function withOneNaN<A extends Float64Array | Float32Array>(array: A): A {
  for (let i = 0; i < array.length; i++) {
    if (!Number.isNaN(array[i])) continue;
    const copy = array.slice() as A;
    for (let j = i; j < copy.length; j++) if (Number.isNaN(copy[j])) copy[j] = Number.NaN;
    return copy;
  }
  return array;
}

function writeReference(out: ByteWriter, value: Ref | FileValue, purpose: Purpose): void {
  if (purpose !== "identity") {
    const what = value instanceof Ref ? `the ref ${value}` : `file("${value.uri}")`;
    throw new UnencodableValueError(`An atom returned ${what}: return its value, or let the rule return the ref.`, {});
  }
  if (value instanceof FileValue) {
    // a file that is bound to no plane keeps the id it had before there were planes
    out.u8(value.on ? TAG.boundFile : TAG.file);
    out.string(value.uri);
    out.string(value.sha256 ?? "");
    if (value.on) out.string(value.on.plane);
    return;
  }
  out.u8(TAG.ref);
  for (const word of value.words!) out.u32(word);
}

// biome-ignore lint/complexity/noBannedTypes: any callable can be a param
function writeFunction(out: ByteWriter, value: Function, purpose: Purpose, depth: number): void {
  if (purpose !== "identity") {
    throw new UnencodableValueError(
      `An atom returned the function ${value.name || "(anonymous)"}: return data instead.`,
      {},
    );
  }
  const parts = partialParts(value);
  if (parts) {
    out.u8(TAG.partial);
    out.string(parts.ns);
    out.string(parts.name);
    writeValue(out, parts.rest, purpose, depth + 1);
    return;
  }
  const identity = functionIdentity(value);
  if (identity?.kind === "export") {
    out.u8(TAG.exportedFunction);
    out.string(identity.program);
    out.string(identity.name);
  } else if (identity?.kind === "member") {
    out.u8(TAG.memberFunction);
    out.string(identity.ns);
    out.string(identity.name);
  } else if (identity?.kind === "closed") {
    out.u8(TAG.closedFunction);
    out.string(identity.source);
  } else throw captured(value.name, identity?.kind === "captures" ? identity.variables : []);
}

/** The error for a function param that can't leave its process. */
export function captured(name: string, variables: readonly string[]): CapturedVariableError {
  const what =
    variables.length === 0
      ? "is built in or was never checked"
      : `captures ${variables.map((v) => `"${v}"`).join(", ")}`;
  return new CapturedVariableError(
    `The function ${name || "(anonymous)"} ${what}: export it from the loaded module, pass what it needs as params, or make it a rule.`,
    { function: name, variables },
  );
}

function writeByCodec(out: ByteWriter, value: object, purpose: Purpose): void {
  const codec = codecFor(value);
  const type = value.constructor?.name ?? "object";
  if (!codec || purpose === "identity") {
    const way =
      purpose === "identity" ? "pass plain data, a ref or file(uri)" : "return plain data, or register a codec for it";
    throw new UnencodableValueError(`A ${type} can't be encoded: ${way}.`, { type });
  }
  out.u8(TAG.codec);
  out.string(codec.tag);
  if (purpose === "digest") {
    codec.digest(value, sinkOf(out));
    return;
  }
  const bytes = codec.encode(value);
  out.count(bytes.length);
  out.align8();
  out.raw(bytes);
}

function sinkOf(out: ByteWriter): DigestSink {
  return {
    bytes: (bytes) => {
      out.count(bytes.length);
      out.raw(bytes);
    },
    string: (text) => out.string(text),
    number: (value) => out.f64(value),
  };
}

/** Object literals and `Object.create(null)`, also from another realm; nothing with a class. */
export function isPlainObject(value: object): value is { [key: string]: unknown } {
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === null || proto === Object.prototype || Object.getPrototypeOf(proto as object) === null;
}

/** Adds the place inside the value to an encoding error on its way out; the innermost twenty levels are enough. */
function placed(error: unknown, key: string | number, depth: number): unknown {
  return error instanceof UnencodableValueError && depth < 20 ? error.within(key) : error;
}
