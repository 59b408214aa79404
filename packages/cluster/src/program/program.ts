/** A user's modules in one text, named by its hash. Every process that evaluates it runs these bytes. */
export interface Program {
  /** What exported functions are known under: the module's file name without its ending, unless named otherwise. */
  readonly name: string;
  /** sha-256 of `code`, hexadecimal. */
  readonly hash: string;
  readonly code: string;
  /** Source map (JSON) for stacks; no part of the program's identity, and absent in recordings. */
  readonly map?: string;
}
