// What sibling packages need and users don't.
export { definitionOf, memberOf } from "./dsl/definition.js";
export { type NamespaceInfo, namespaceInfo } from "./dsl/namespace.js";
export { freeVariables, inspectFunction } from "./functions/closed.js";
export { power } from "./numeric/power.js";
export { holdsCode } from "./wire/holds-code.js";
export type { Json } from "./wire/json.js";
export { readRefs } from "./wire/read-refs.js";
export { type AnyFunction, type Compile, Scope } from "./wire/scope.js";
export { type WireRefs, type WriteOptions, writeRefs } from "./wire/write-refs.js";
