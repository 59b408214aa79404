// What sibling packages need and users don't.
export type { AtomSession } from "./atom/current-atom.js";
export type { Inputs } from "./atom/inputs.js";
export { type FileStamp, inputPath, LocalInputs, stampOf } from "./atom/local-inputs.js";
export { ByteWriter } from "./codec/byte-writer.js";
export { isTypedArray, TYPED_ARRAYS, type TypedArray, typedArrayCode } from "./codec/tags.js";
export { captured, isPlainObject, writeValue } from "./codec/write-value.js";
export { cycleError } from "./graph/cycle-error.js";
export { Structure } from "./graph/structure.js";
export { Walk, type Walked } from "./graph/walk.js";
export { describeParams, describeRef } from "./identity/describe.js";
export { type FunctionIdentity, functionIdentity, identifyFunction } from "./identity/function-identity.js";
export { hash128, hexToId, idToHex } from "./identity/hash128.js";
export { eachRef, nodeWords } from "./identity/node-id.js";
export { isLabel } from "./identity/placement.js";
export { PARTIAL, type PartialParts, partialParts, type Rule } from "./identity/ref.js";
export { type BatchList, matchLists, type StreamedPart, streamedPart } from "./stream/run-batches.js";
export { StreamAtom } from "./stream/stream-atom.js";
