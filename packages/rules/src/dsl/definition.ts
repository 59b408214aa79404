import type { Op, Placement, Ref } from "@graphvm/engine";

/** What a rule is before it has a namespace: how its params become an op or a ref. */
export interface Definition {
  readonly kind: "rule";
  readonly expand: (params: readonly unknown[], name: string) => Op | Ref;
  /** The source of its bodies and clauses: another text is another version. */
  readonly text: () => string;
  /** Of each clause, why it gets these params or doesn't. */
  readonly explain?: (params: readonly unknown[]) => readonly string[];
  /** Where the node of these params may run, and whether its value may leave a plane; absent where nothing is said. */
  readonly placement?: (params: readonly unknown[]) => Placement | undefined;
}

/** A named function from values to refs that makes no node of its own. */
export interface MacroDefinition {
  readonly kind: "macro";
  readonly fn: (...params: never[]) => unknown;
}

type Callable = (...params: never[]) => unknown;

/** What an entry of a namespace turned into. */
export interface Member {
  readonly ns: string;
  readonly name: string;
  /** What a call would reach now: the entry of the clone whose rules are running, or this one. */
  readonly current: () => Callable;
  /** Calls this entry, whatever clone is running. */
  readonly direct: Callable;
}

const DEFINITION: unique symbol = Symbol("graphvm.definition");
const MEMBER: unique symbol = Symbol("graphvm.member");

/** Marks a callable as a definition that a namespace will take. */
export function define<F extends object>(callable: F, definition: Definition | MacroDefinition): F {
  return Object.defineProperty(callable, DEFINITION, { value: definition });
}

export function definitionOf(value: unknown): Definition | MacroDefinition | undefined {
  return typeof value === "function"
    ? (value as { [DEFINITION]?: Definition | MacroDefinition })[DEFINITION]
    : undefined;
}

/** Marks a callable as the member of a namespace. */
export function markMember<F extends object>(callable: F, member: Member): F {
  return Object.defineProperty(callable, MEMBER, { value: member });
}

export function memberOf(value: unknown): Member | undefined {
  return typeof value === "function" ? (value as { [MEMBER]?: Member })[MEMBER] : undefined;
}

// Names alone: two versions of a namespace may live side by side, but a name nobody declared is a variable.
const declared = new Set<string>();

/** Remembers that there is a namespace of that name in this process. */
export function declareNamespace(name: string): void {
  declared.add(name);
}

export function isDeclaredNamespace(name: string): boolean {
  return declared.has(name);
}
