import type { ExportLimit, Labels } from "@graphvm/engine";
import { describeRef, type Structure } from "@graphvm/engine/internal";
import { PlaneMismatchError, PlanesMeetError } from "../errors.js";
import { labelsText } from "../labels.js";
import type { DeclaredFile } from "./declared-files.js";

/** A node that is bound to a plane: by a file of its own, or by a value it needs. */
interface Bound {
  readonly plane: string;
  /** The file or node that bound it, for people. */
  readonly by: string;
  /** Its rule lets its value leave, up to a size where it says one. */
  readonly exports: boolean | ExportLimit;
}

/** How the value of a node leaves its plane. */
export interface Exporting {
  readonly plane: string;
  /** The rule's own limit, in bytes. */
  readonly maxBytes?: number;
}

/**
 * Where nodes may run and which values may not leave a plane. Follows from rules, files and dependencies alone, so it is
 * the same on replay. Costs nothing where no rule or file says anything.
 */
export class Constraints {
  readonly #structure: Structure;
  readonly #on = new Map<number, Labels>();
  readonly #bound = new Map<number, Bound>();
  readonly #labels = new Map<string, Labels>();

  constructor(structure: Structure) {
    this.#structure = structure;
  }

  /** Whether any node is constrained. */
  get any(): boolean {
    return this.#on.size > 0;
  }

  /** The labels a node's worker must have; equal ones are one object. */
  on(node: number): Labels | undefined {
    return this.#on.get(node);
  }

  /** The plane that a node's value may not leave. */
  plane(node: number): string | undefined {
    const bound = this.#bound.get(node);
    return bound?.exports ? undefined : bound?.plane;
  }

  /** How a node's value leaves the plane it was made in, where it does. */
  exports(node: number): Exporting | undefined {
    const { exports = false, plane = "" } = this.#bound.get(node) ?? {};
    if (exports === false) return undefined;
    return exports === true ? { plane } : { plane, maxBytes: exports.maxBytes };
  }

  /**
   * Takes an expanded node whose dependencies were taken before.
   *
   * @throws PlanesMeetError, PlaneMismatchError
   */
  add(node: number, files: readonly DeclaredFile[]): void {
    const { table } = this.#structure;
    const rule = table.rule(node)!;
    const placement = rule.placement?.(table.params(node));
    const bound = this.#boundBy(node, files);
    const on = placement?.on ?? {};
    if (bound && on.plane !== undefined && on.plane !== bound.plane) {
      throw new PlaneMismatchError(
        `The rule ${rule.ns}.${rule.name} runs on plane ${on.plane} and needs ${bound.by}, which is bound to plane ${bound.plane}: let an exporting rule stand between them, or let it run there.`,
        { rule: `${rule.ns}.${rule.name}`, value: bound.by, planes: [on.plane, bound.plane] },
      );
    }
    if (bound) this.#bound.set(node, { ...bound, exports: placement?.exports ?? false });
    const all = bound ? { ...on, plane: bound.plane } : on;
    if (Object.keys(all).length > 0) this.#on.set(node, this.#intern(all));
  }

  #boundBy(node: number, files: readonly DeclaredFile[]): Omit<Bound, "exports"> | undefined {
    let found: Omit<Bound, "exports"> | undefined;
    const meet = (plane: string, by: string): void => {
      if (found && found.plane !== plane) throw this.#planesMeet(node, found, { plane, by });
      found ??= { plane, by };
    };
    for (const { uri, plane } of files) if (plane !== undefined) meet(plane, `file(${JSON.stringify(uri)})`);
    if (this.#bound.size > 0) {
      for (let i = 0, count = this.#structure.count(node); i < count; i++) {
        const dependency = this.#structure.dependency(node, i);
        const plane = this.plane(dependency);
        if (plane !== undefined && found?.plane !== plane)
          meet(plane, describeRef(this.#structure.table.ref(dependency)!, 60));
      }
    }
    return found;
  }

  #planesMeet(node: number, a: Omit<Bound, "exports">, b: Omit<Bound, "exports">): PlanesMeetError {
    const rule = this.#structure.table.rule(node)!;
    const name = `${rule.ns}.${rule.name}`;
    return new PlanesMeetError(
      `The rule ${name} needs values of two planes: ${a.by} is bound to ${a.plane}, ${b.by} to ${b.plane}. Let one of them leave through a rule that exports.`,
      { rule: name, values: [a.by, b.by], planes: [a.plane, b.plane] },
    );
  }

  #intern(labels: Labels): Labels {
    const key = labelsText(labels);
    const known = this.#labels.get(key);
    if (known) return known;
    const fresh = Object.freeze({ ...labels });
    this.#labels.set(key, fresh);
    return fresh;
  }
}
