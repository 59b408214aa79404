/**
 * How a function that is a param is known outside this process: exported from a program (by name), closed (by its own
 * source), a named member of a namespace, or neither, in which case the variables it captures are kept for the error.
 */
export type FunctionIdentity =
  | { readonly kind: "export"; readonly program: string; readonly name: string }
  | { readonly kind: "member"; readonly ns: string; readonly name: string }
  | { readonly kind: "closed"; readonly source: string; readonly namespaces: readonly string[] }
  | { readonly kind: "captures"; readonly source: string; readonly variables: readonly string[] };

// biome-ignore lint/complexity/noBannedTypes: any callable can be a param
type AnyFunction = Function;

const identities = new WeakMap<AnyFunction, FunctionIdentity>();

/** Says how `fn` is known. A later call wins: a closed function that turns out to be exported is known by its name. */
export function identifyFunction(fn: AnyFunction, identity: FunctionIdentity): void {
  identities.set(fn, identity);
}

/** How `fn` is known, or undefined where nobody has looked yet. */
export function functionIdentity(fn: AnyFunction): FunctionIdentity | undefined {
  return identities.get(fn);
}
