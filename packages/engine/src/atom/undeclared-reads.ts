import { UndeclaredReadError } from "../errors.js";

/** What kind of thing an atom looked at without declaring it. */
export type ReadKind = "file" | "network" | "environment" | "process" | "clock" | "random";

/** What a session does about undeclared reads: write them down, or refuse them. */
export type ReadPolicy = "report" | "refuse";

/** Something an atom read that is no declared input: a replay can't check it. */
export interface UndeclaredRead {
  readonly kind: ReadKind;
  /** A path, `host:port`, the name of a variable, a command or a function; never what was read. */
  readonly what: string;
}

/** The undeclared reads of one node, by its handle. */
export interface FoundReads {
  readonly node: number;
  readonly reads: readonly UndeclaredRead[];
}

/** So many different ones are kept; a session of a few programs has few, and a loop over paths must not fill memory. */
const MOST = 1000;

const ADVICE: { readonly [kind in ReadKind]: string } = {
  file: "pass it as file(...) to the atom and read its .path",
  network: "fetch it before the graph runs, or declare it as file(url)",
  environment: "pass the value as a param, or declare it as env(name)",
  process: "run it before the graph, and declare what it wrote as file(...)",
  clock: "use Date or performance.now, which show the session's clock",
  random: "use Math.random or the global crypto, which the session seeds",
};

const VERB: { readonly [kind in ReadKind]: string } = {
  file: "reads the file",
  network: "connects to",
  environment: "reads the environment variable",
  process: "runs",
  clock: "reads the clock through",
  random: "draws random numbers through",
};

/** The undeclared reads of a session's atoms, by node. */
export class UndeclaredReads {
  readonly policy: ReadPolicy;
  readonly #found = new Map<number, Map<string, UndeclaredRead>>();
  readonly #refused = new Map<number, UndeclaredReadError>();
  readonly #fresh = new Map<number, UndeclaredRead[]>();
  #size = 0;

  constructor(policy: ReadPolicy) {
    this.policy = policy;
  }

  /** @throws UndeclaredReadError where the session refuses them. */
  add(node: number, kind: ReadKind, what: string): void {
    const key = `${kind} ${what}`;
    const own = this.#found.get(node) ?? new Map<string, UndeclaredRead>();
    if (!own.has(key) && this.#size < MOST) {
      const read = { kind, what };
      this.#found.set(node, own.set(key, read));
      this.#fresh.set(node, [...(this.#fresh.get(node) ?? []), read]);
      this.#size++;
    }
    if (this.policy === "report") return;
    const sentence = `An atom ${VERB[kind]} ${what}, which is not declared: ${ADVICE[kind]}. This session is strict.`;
    const error = new UndeclaredReadError(sentence, { kind, what });
    if (!this.#refused.has(node)) this.#refused.set(node, error);
    throw error;
  }

  /**
   * Called when an atom gave its value: one that caught the refusal goes no further than one that did not.
   *
   * @throws UndeclaredReadError
   */
  check(node: number): void {
    if (this.#refused.size === 0) return;
    const error = this.#refused.get(node);
    this.#refused.delete(node);
    if (error) throw error;
  }

  /** The node's atom runs anew: what an earlier run of it was refused counts no more. */
  begin(node: number): void {
    if (this.#refused.size > 0) this.#refused.delete(node);
  }

  /** What was found, by node, in the order in which nodes were. */
  list(): FoundReads[] {
    return [...this.#found].map(([node, reads]) => ({ node, reads: [...reads.values()] }));
  }

  /** What was found since this was asked last. */
  fresh(): FoundReads[] {
    if (this.#fresh.size === 0) return [];
    const found = [...this.#fresh].map(([node, reads]) => ({ node, reads }));
    this.#fresh.clear();
    return found;
  }
}
