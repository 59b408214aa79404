import { ShapeError } from "../errors.js";

/** @throws ShapeError unless the two are equal. */
export function sameLength(expected: number, found: number, of: string, and: string): void {
  if (expected === found) return;
  throw new ShapeError(`There are ${expected} ${of} and ${found} ${and}; pass as many of one as of the other.`, {
    expected,
    found,
  });
}
