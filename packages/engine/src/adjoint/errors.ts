import { GraphvmError, registerErrors } from "../errors.js";

/** An atom without a vector-Jacobian product lies between y and x: `fields` name node, rule and the path from y. */
export class NotDifferentiableError extends GraphvmError {
  static override readonly code = "GVM1120";
}

/** A value on the way from y to x is neither a number nor a Float64Array: `fields.type` says what it is. */
export class NotNumericError extends GraphvmError {
  static override readonly code = "GVM1121";
}

/** A vector-Jacobian product threw, or gave something else than one cotangent of the right shape for each input. */
export class VjpFailedError extends GraphvmError {
  static override readonly code = "GVM1122";
}

/** The seed that was given for y has another shape than y. */
export class BadSeedError extends GraphvmError {
  static override readonly code = "GVM1123";
}

registerErrors(NotDifferentiableError, NotNumericError, VjpFailedError, BadSeedError);
