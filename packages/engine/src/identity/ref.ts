import type { Op } from "../graph/op.js";
import { idToHex } from "./hash128.js";
import type { Placement } from "./placement.js";

/** What the graph needs to know of a rule. The rules package makes them; the graph never looks one up by name. */
export interface Rule {
  readonly ns: string;
  readonly name: string;
  /** The encoded namespace and name, kept here by `identity/node-id.ts`. */
  prefix?: Uint8Array;
  /** What the rule says, as source: a rule of the same name with another text is another version. */
  text?(): string;
  /** Why these params get the clause they get, for people. */
  explain?(params: readonly unknown[]): readonly string[];
  /** Runs the rule's body: synchronous, without side effects. */
  expand(params: readonly unknown[]): Op | Ref;
  /** Where the node of these params may run, and whether its value may leave; no part of its id. */
  placement?(params: readonly unknown[]): Placement | undefined;
  /** Runs `work` with the rule's namespace in force (a cloned namespace redirects calls to its base). */
  within?<T>(work: () => T): T;
}

declare const VALUE: unique symbol;

/**
 * Names a node: a rule and its bound params. Refs with equal namespace, name and params are the same node; making one
 * computes nothing.
 */
export class Ref<out T = unknown> {
  declare readonly [VALUE]?: T;
  readonly rule: Rule;
  readonly params: readonly unknown[];
  /** The node id's four words once somebody asked for them; owned by `identity/node-id.ts`. */
  words: Uint32Array | undefined;

  /** A name for people; no part of identity. */
  readonly label: string | undefined;

  constructor(rule: Rule, params: readonly unknown[], label?: string) {
    this.rule = rule;
    this.params = params;
    this.words = undefined;
    this.label = label;
  }

  get ns(): string {
    return this.rule.ns;
  }

  get name(): string {
    return this.rule.name;
  }

  toString(): string {
    return `${this.ns}.${this.name}${this.words ? `#${idToHex(this.words).slice(0, 8)}` : ""}`;
  }
}

/** A rule with every param but the first bound. Calling it with the first param gives a ref (or, for a macro, refs). */
export interface Partial<H = never, R = unknown> {
  (head: H): R;
  readonly [PARTIAL]: PartialParts;
}

/** Marks a function as a partial. */
export const PARTIAL: unique symbol = Symbol("graphvm.partial");

export interface PartialParts {
  readonly ns: string;
  readonly name: string;
  readonly rest: readonly unknown[];
}

/** The parts of a partial, or undefined where `value` is another function. */
export function partialParts(value: unknown): PartialParts | undefined {
  return typeof value === "function" ? (value as { [PARTIAL]?: PartialParts })[PARTIAL] : undefined;
}
