import { CorruptValueError, MissingCodecError } from "../errors.js";
import { TAG, TYPED_ARRAYS } from "./tags.js";
import { decodeText } from "./text.js";
import { codecByTag } from "./value-codec.js";

/**
 * Reads a value that `encodeValue` wrote. Typed arrays and tables are views of `bytes` where alignment allows, so the
 * bytes must not change afterwards; they may lie in shared memory.
 *
 * @throws CorruptValueError where the bytes are not an encoded value; MissingCodecError where its package is not loaded.
 */
export function decodeValue(bytes: Uint8Array): unknown {
  const reader = new ValueReader(bytes);
  const value = reader.value(0);
  if (reader.at !== bytes.length)
    throw new CorruptValueError(`${bytes.length - reader.at} bytes follow the value.`, {});
  return value;
}

class ValueReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    // a plain view: slice() of a Buffer copies nothing
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): unknown {
    if (depth > 1001) throw new CorruptValueError("The value nests deeper than 1,000 levels.", {});
    const tag = this.#u8();
    switch (tag) {
      case TAG.undefined:
        return undefined;
      case TAG.null:
        return null;
      case TAG.false:
        return false;
      case TAG.true:
        return true;
      case TAG.number:
        return this.#f64();
      case TAG.bigint:
        return this.#bigint();
      case TAG.string:
        return this.#string();
      case TAG.date:
        return new Date(this.#f64());
      case TAG.array:
        return this.#list(depth);
      case TAG.object:
        return this.#object(depth);
      case TAG.typedArray:
        return this.#typedArray();
      case TAG.map:
        return this.#map(depth);
      case TAG.set:
        return new Set(this.#list(depth));
      case TAG.codec:
        return this.#byCodec();
      default:
        throw new CorruptValueError(`Byte ${this.at - 1} is no value tag (${tag}).`, {});
    }
  }

  #list(depth: number): unknown[] {
    const list: unknown[] = [];
    for (let left = this.#items(); left > 0; left--) list.push(this.value(depth + 1));
    return list;
  }

  #map(depth: number): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    for (let left = this.#items(); left > 0; left--) {
      const key = this.value(depth + 1);
      map.set(key, this.value(depth + 1));
    }
    return map;
  }

  #object(depth: number): { [key: string]: unknown } {
    const object: { [key: string]: unknown } = {};
    for (let left = this.#items(); left > 0; left--) {
      const key = this.#string();
      const value = this.value(depth + 1);
      if (key === "__proto__")
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      else object[key] = value;
    }
    return object;
  }

  #typedArray(): unknown {
    const type = TYPED_ARRAYS[this.#u8()];
    if (!type) throw new CorruptValueError(`Byte ${this.at - 1} is no typed array code.`, {});
    const length = this.#count();
    this.#align8();
    const bytes = this.#take(length * type.BYTES_PER_ELEMENT);
    const { buffer, byteOffset } = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
    return new type(buffer as ArrayBuffer, byteOffset, length);
  }

  #byCodec(): unknown {
    const tag = this.#string();
    const codec = codecByTag(tag);
    if (!codec) {
      throw new MissingCodecError(
        `A value of type ${tag} needs its package: import "graphvm/ml" (or the package that registers "${tag}") first.`,
        { tag },
      );
    }
    const length = this.#count();
    this.#align8();
    const bytes = this.#take(length);
    try {
      return codec.decode(bytes.byteOffset % 8 === 0 ? bytes : bytes.slice());
    } catch (cause) {
      throw new CorruptValueError(`The bytes of a value of type ${tag} can't be read.`, { tag }, { cause });
    }
  }

  #bigint(): bigint {
    const digits = this.#string();
    if (!/^(0|-?[1-9]\d*)$/.test(digits)) throw new CorruptValueError(`Byte ${this.at} ends no integer.`, {});
    return BigInt(digits);
  }

  #u8(): number {
    return this.#bytes[this.#skip(1)]!;
  }

  #f64(): number {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  #count(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 7; i++) {
      const byte = this.#u8();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new CorruptValueError(`Byte ${this.at} ends no count.`, {});
  }

  /** A count of items, each of which takes a byte at least: a lie can't make us allocate. */
  #items(): number {
    const count = this.#count();
    if (count > this.#bytes.length - this.at)
      throw new CorruptValueError(`${count} items can't lie in the bytes that are left.`, {});
    return count;
  }

  #string(): string {
    const length = this.#count();
    const start = this.#skip(length);
    const short = length <= 24 ? ascii(this.#bytes, start, this.at) : undefined;
    if (short !== undefined) return short;
    const bytes = this.#bytes.subarray(start, this.at);
    try {
      // TextDecoder refuses shared memory
      return decodeText(bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice());
    } catch (cause) {
      throw new CorruptValueError(`Byte ${this.at} ends no text.`, {}, { cause });
    }
  }

  #align8(): void {
    this.at = Math.ceil(this.at / 8) * 8;
  }

  #take(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, this.at);
  }

  /** Goes on by `length` bytes and gives where they start. */
  #skip(length: number): number {
    const start = this.at;
    if (start + length > this.#bytes.length)
      throw new CorruptValueError(
        `The value ends after ${this.#bytes.length} bytes; ${start + length} are needed.`,
        {},
      );
    this.at = start + length;
    return start;
  }
}

/** Short ASCII texts, the common case, without a call into the decoder. */
function ascii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte > 127) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
