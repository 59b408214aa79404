/** The first byte of every encoded value. Numbers are part of the format: never reuse one. */
export const TAG = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  bigint: 5,
  string: 6,
  date: 7,
  array: 8,
  object: 9,
  typedArray: 10,
  map: 11,
  set: 12,
  codec: 13,
  // only in identities
  ref: 32,
  partial: 33,
  file: 34,
  exportedFunction: 35,
  closedFunction: 36,
  memberFunction: 37,
  boundFile: 38,
} as const;

/** Typed arrays in the order of their codes: add at the end only. */
export const TYPED_ARRAYS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

export type TypedArray = InstanceType<(typeof TYPED_ARRAYS)[number]>;

/** Whether `value` is a typed array (a Node Buffer counts as the Uint8Array it is). */
export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

const CODES: ReadonlyMap<string, number> = new Map(TYPED_ARRAYS.map((type, code) => [type.name, code]));

/** The code of a typed array's type, also of one from another realm; -1 for a type that has none. */
export function typedArrayCode(value: TypedArray): number {
  return CODES.get(value[Symbol.toStringTag]) ?? -1;
}
