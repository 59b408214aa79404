export {
  type Batches,
  type Cotangent,
  createGraph,
  type Derivative,
  defineStateful,
  differentiable,
  type ExportLimit,
  type FileValue,
  type Fold,
  type Graph,
  type GraphOptions,
  type Jacobian,
  type Labels,
  type Numeric,
  nodeId,
  type Op,
  type Placement,
  type Random,
  Ref,
  type StatefulSpec,
  type Step,
  type Stream,
  type StreamOptions,
  type StreamSource,
  streamSource,
  type ViewedStatefulSpec,
} from "@graphvm/engine";
export { alias, apply } from "./dsl/apply.js";
export { env, file } from "./dsl/file.js";
export { label } from "./dsl/label.js";
export { clone, namespace } from "./dsl/namespace.js";
export { partial } from "./dsl/partial.js";
export { redefine } from "./dsl/redefine.js";
export { type Clause, dispatch, macro, rule, when } from "./dsl/rule.js";
export * from "./errors.js";
export { mr, shuffler } from "./mr/mr.js";
export type { Groups, Key, Pairs } from "./mr/pairs.js";
export * from "./numeric/errors.js";
export { num } from "./numeric/num.js";
export { numeric } from "./numeric/numeric.js";
export type { Slopes } from "./numeric/root.js";
export {
  any,
  array,
  arrayOf,
  bigint,
  boolean,
  date,
  func,
  int,
  type Literal,
  type Matched,
  type NumberPattern,
  number,
  object,
  type Pattern,
  type PatternLike,
  type Refinable,
  ref,
  shape,
  string,
} from "./patterns/pattern.js";
export type { AllBatches, GivenBatches } from "./stream/batches.js";
export { stream } from "./stream/stream.js";
