export {
  type ErrorFields,
  fromWireError,
  GraphvmError,
  registerErrors,
  toWireError,
  type WireError,
} from "./errors.js";
export { createRandom, type Random } from "./random.js";
