import { digestValue } from "../codec/codec.js";
import { UnencodableValueError } from "../errors.js";

/** Whether two values mean the same: by digest, or quicker where the bits can be looked at. */
export function equalValues(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Float64Array && b instanceof Float64Array) return equalVectors(a, b);
  try {
    return digestValue(a) === digestValue(b);
  } catch (error) {
    if (error instanceof UnencodableValueError) return false; // what can't be compared counts as changed
    throw error;
  }
}

function equalVectors(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}
