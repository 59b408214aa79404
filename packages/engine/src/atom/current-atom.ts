import { AsyncLocalStorage } from "node:async_hooks";
import { sep } from "node:path";
import type { FileValue } from "../identity/file-value.js";
import { createRandom, type Random } from "../random.js";
import type { Inputs } from "./inputs.js";
import type { ReadKind, UndeclaredReads } from "./undeclared-reads.js";
import type { UsedTools } from "./used-tools.js";

/** What is fixed for a whole session and every atom may see. */
export interface AtomSession {
  /** The session's seed: with the node's id it seeds each atom's generator. */
  readonly seed: number;
  /** What the clock says inside atoms: milliseconds since 1970, taken once at the session's start. */
  readonly epoch: number;
  readonly inputs: Inputs;
  /** What atoms read without declaring it, where that is watched. */
  readonly reads?: UndeclaredReads;
  /** What atoms run besides JavaScript, with versions. */
  readonly tools?: UsedTools;
}

/** Gives a node id's four words: most atoms never draw a number, so nothing is copied before one does. */
export interface NodeWords {
  idWords(node: number): Uint32Array;
}

/** The atom that is running: what its deterministic random source and clock are made from. */
export class AtomContext {
  readonly session: AtomSession;
  readonly #nodes: NodeWords;
  readonly #node: number;
  #random: Random | undefined;
  #ticks = 0;
  /** Where its declared inputs lie, and what it wrote; folders end in a separator. */
  #own: string[] | undefined;

  constructor(session: AtomSession, nodes: NodeWords, node: number) {
    this.session = session;
    this.#nodes = nodes;
    this.#node = node;
  }

  /** Seeded from (session seed, node id): the same node draws the same numbers wherever it runs. */
  get random(): Random {
    if (!this.#random) {
      const seed = new Uint32Array(6);
      seed.set(this.#nodes.idWords(this.#node));
      new DataView(seed.buffer).setFloat64(16, this.session.seed, true);
      this.#random = createRandom(seed);
    }
    return this.#random;
  }

  /** The session's epoch, one millisecond later at each look: a loop that waits for time to pass comes to an end. */
  now(): number {
    return this.session.epoch + this.#ticks++;
  }

  /** Where a declared input lies: the atom may read that. */
  resolve(file: FileValue): string {
    const path = quietly(() => this.session.inputs.resolve(file));
    this.wrote(path);
    return path;
  }

  /** The atom reads something that is not declared. @throws UndeclaredReadError in a strict session */
  found(kind: ReadKind, what: string): void {
    this.session.reads?.add(this.#node, kind, what);
  }

  /** What the atom wrote it may read, and all below it. `made`: a prefix that the system completes to a name. */
  wrote(path: string, made = false): void {
    this.#own ??= [];
    if (!this.#own.includes(path)) this.#own.push(path, made ? path : path + sep);
  }

  mayRead(path: string): boolean {
    const own = this.#own;
    if (!own) return false;
    for (let i = 0; i < own.length; i += 2) if (path === own[i] || path.startsWith(own[i + 1]!)) return true;
    return false;
  }

  /** What comes now is another atom's. */
  protected forgetPaths(): void {
    this.#own = undefined;
  }
}

// Synchronous atoms set a plain variable: an AsyncLocalStorage run costs them more than they do.
let running: AtomContext | undefined;
const asynchronous = new AsyncLocalStorage<AtomContext>();

/** The atom the calling code belongs to, or undefined outside atoms. */
export function currentAtom(): AtomContext | undefined {
  return running ?? asynchronous.getStore();
}

/** Until `leaveAtom` the calling code belongs to that atom. Gives what `leaveAtom` takes; no closure a node. */
export function enterAtom(atom: AtomContext): AtomContext | undefined {
  const outer = running;
  running = atom;
  return outer;
}

export function leaveAtom(outer: AtomContext | undefined): void {
  running = outer;
}

/** Runs `work` as that atom, also across its `await`s. */
export function runAsync<T>(atom: AtomContext, work: () => T): T {
  const outer = running;
  running = undefined;
  try {
    return asynchronous.run(atom, work);
  } finally {
    running = outer;
  }
}

let quiet = 0;

/** Whatever `work` reads before it returns is not the atom's doing: graphvm's own, or Node's. */
export function quietly<T>(work: () => T): T {
  quiet++;
  try {
    return work();
  } finally {
    quiet--;
  }
}

export function isQuiet(): boolean {
  return quiet > 0;
}
