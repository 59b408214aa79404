export {
  createGraph,
  type Fold,
  type Graph,
  type GraphOptions,
  nodeId,
  type Op,
  type Random,
  Ref,
} from "@graphvm/engine";
export { alias, apply } from "./dsl/apply.js";
export { file } from "./dsl/file.js";
export { clone, namespace } from "./dsl/namespace.js";
export { partial } from "./dsl/partial.js";
export { type Clause, dispatch, macro, rule, when } from "./dsl/rule.js";
export * from "./errors.js";
export { mr, shuffler } from "./mr/mr.js";
export type { Groups, Key, Pairs } from "./mr/pairs.js";
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
