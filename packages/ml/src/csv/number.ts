const MINUS = 45;
const PLUS = 43;
const DOT = 46;
const ZERO = 48;

/** 10^0 to 10^22: the powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const SPECIAL = /^([+-]?)(nan|inf|infinity)$/i;

/** How a field reads as a number: no number at all, a 32-bit whole number, a 64-bit one, or another number. */
export const NOT = 0;
export const INT32 = 1;
export const INT64 = 2;
export const FLOAT = 3;

/** The kind of the last field that `readNumber` read: a second result without an allocation. */
export let numberKind = NOT;

/**
 * Reads the decimal number in `bytes[start, end)`, correctly rounded; `numberKind` then says what it was. Up to 15 digits
 * it takes the exact short way (Clinger 1990, "How to read floating point numbers accurately": an exact integer divided
 * by an exact power of ten rounds once); anything else goes through `Number`.
 */
export function readNumber(bytes: Uint8Array, start: number, end: number): number {
  let pos = start;
  let byte = bytes[pos]!;
  const negative = byte === MINUS;
  if (negative || byte === PLUS) pos++;
  let mantissa = 0;
  const first = pos;
  for (; pos < end; pos++) {
    byte = bytes[pos]! - ZERO;
    if (byte < 0 || byte > 9) break;
    mantissa = mantissa * 10 + byte;
  }
  let digits = pos - first;
  if (pos === end && digits > 0 && digits <= 15) {
    numberKind = mantissa <= 2147483647 || (negative && mantissa === 2147483648) ? INT32 : INT64;
    return negative ? -mantissa : mantissa;
  }
  if (pos < end && bytes[pos] === DOT) {
    const dot = ++pos;
    for (; pos < end; pos++) {
      byte = bytes[pos]! - ZERO;
      if (byte < 0 || byte > 9) break;
      mantissa = mantissa * 10 + byte;
    }
    digits += pos - dot;
    if (pos === end && digits > 0 && digits <= 15) {
      numberKind = FLOAT;
      const value = mantissa / POWERS[pos - dot]!;
      return negative ? -value : value;
    }
  }
  return readSlowly(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1"));
}

function readSlowly(text: string): number {
  if (DECIMAL.test(text)) {
    numberKind = bigintOf(text) === undefined ? FLOAT : INT64;
    return Number(text);
  }
  const special = SPECIAL.exec(text);
  if (special === null) {
    numberKind = NOT;
    return Number.NaN;
  }
  numberKind = FLOAT;
  if (special[2]!.toLowerCase() === "nan") return Number.NaN;
  return special[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** The whole number a text writes, if it fits in 64 bits. */
export function bigintOf(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.startsWith("+") ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** 1 for true, 0 for false (any case), -1 for anything else. */
export function readBool(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length !== 4 && length !== 5) return -1;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, length)
    .toString("latin1")
    .toLowerCase();
  return text === "true" ? 1 : text === "false" ? 0 : -1;
}
