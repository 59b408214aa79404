import { currentAtom } from "./current-atom.js";

/** Versions of what atoms ran besides JavaScript, by name: `{ python: "3.11.7", "scikit-learn": "1.9.1" }`. */
export interface Tools {
  readonly [name: string]: string;
}

/** What the atoms of a session ran with since somebody asked last. */
export class UsedTools {
  #fresh = new Map<string, string>();

  add(tools: Tools): void {
    for (const [name, version] of Object.entries(tools)) this.#fresh.set(name, version);
  }

  /** What was used since this was asked last. */
  fresh(): Tools {
    if (this.#fresh.size === 0) return {};
    const used = Object.fromEntries([...this.#fresh].sort(([a], [b]) => (a < b ? -1 : 1)));
    this.#fresh.clear();
    return used;
  }
}

/** Says what the running atom's value came from, besides its code: a replay that differs names it. Outside atoms nothing. */
export function usedTools(tools: Tools): void {
  currentAtom()?.session.tools?.add(tools);
}
