import { GraphvmError, registerErrors } from "@graphvm/engine";

/** There is no root in the bracket, or it was not found: `fields` hold the bracket and what the function gives there. */
export class NoRootError extends GraphvmError {
  static override readonly code = "GVM2020";
}

/** Vectors, matrices, weights or knots that don't fit each other. */
export class ShapeError extends GraphvmError {
  static override readonly code = "GVM2021";
}

registerErrors(NoRootError, ShapeError);
