import type { Ref } from "@graphvm/engine";
import { cycleError, describeRef, given, Structure, Walk } from "@graphvm/engine/internal";
import { type WireRefs, writeRefs } from "@graphvm/rules/internal";
import type { JobPlan } from "../scheduler/types.js";
import { autoCut } from "./auto-cut.js";
import { Constraints, type Exporting } from "./constraints.js";
import { type CutJob, cutGraph } from "./cut.js";
import { type DeclaredFile, declaredFiles, inputKey } from "./declared-files.js";
import { JobColumn } from "./job-column.js";
import { jobLabels } from "./job-labels.js";
import { NowExpanding } from "./now-expanding.js";

/** A job with what its worker needs to know. */
export interface PlannedJob extends JobPlan {
  /** Its ref, written as JSON. */
  readonly refs: string;
  /** What the job is, for people: `ml.train(…)`. */
  readonly label: string;
  /** How its value leaves the plane it is made in. */
  readonly exports?: Exporting;
  /** Declared inputs that its nodes read. */
  readonly files: readonly DeclaredFile[];
  /** How many nodes it computes. */
  readonly nodes: number;
}

/** What planning a graph answers. */
export interface Plan {
  readonly jobs: readonly PlannedJob[];
  /** Reachable nodes. */
  readonly nodes: number;
  readonly edges: number;
  readonly rules: { readonly [rule: string]: number };
}

/** A node of a planned graph. */
export interface PlannedNode {
  readonly id: string;
  readonly rule: string;
  readonly label: string;
  readonly job: string;
  readonly refs: WireRefs;
  /** The plane that its value may not leave. */
  readonly bound?: string;
  /** What it depends on, in order. */
  readonly inputs: readonly { readonly id: string; readonly rule: string; readonly job: string }[];
}

/** The master's graph: expanded, cut, never computed. */
export class PlannerGraph {
  readonly structure: Structure;
  /** The job that computes a node (the first that asked for it, where several compute it again). */
  readonly jobOf = new JobColumn();
  readonly constraints: Constraints;
  /** The round in which each node was left last: a small graph costs the same beside a large one. */
  #left = new Uint32Array(1024);
  #round = 0;
  readonly #files = new Map<number, readonly DeclaredFile[]>();

  readonly #expanding: NowExpanding;

  /** @param expanding Told of each rule while it is expanded. */
  constructor(maxNodes: number, expanding = new NowExpanding(NowExpanding.memory())) {
    this.#expanding = expanding;
    this.structure = new Structure({ nodes: maxNodes });
    this.constraints = new Constraints(this.structure);
  }

  /** @param cut Rules whose nodes become jobs, or `auto`: it is cut where it forks. */
  plan(refs: readonly Ref[], cut: ReadonlySet<string> | "auto", noCopy: ReadonlySet<string>): Plan {
    const { structure } = this;
    const roots = refs.map((ref) => structure.intern(ref));
    const order = this.#expand(roots);
    const { constraints } = this;
    const jobs =
      cut === "auto"
        ? autoCut(structure, order, { roots, noCopy, constraints })
        : cutGraph(structure, order, { roots, cut, noCopy, constraints });
    for (const job of jobs) {
      for (const node of job.nodes) if (this.jobOf.get(node) === undefined) this.jobOf.set(node, job.node);
      this.jobOf.set(job.node, job.node);
    }
    return { jobs: jobs.map((job) => this.#planned(job)), ...this.#counts(order) };
  }

  /** Expands everything below the roots; the reachable nodes, dependencies first. */
  #expand(roots: readonly number[]): Uint32Array {
    const { structure } = this;
    const order: number[] = [];
    this.#round++;
    const walk = new Walk(
      {
        done: (node) => this.#left[node] === this.#round,
        enter: (node) => this.#enter(node),
        count: (node) => structure.count(node),
        dependency: (node, index) => structure.dependency(node, index),
        leave: (node) => {
          if (node >= this.#left.length) {
            const grown = new Uint32Array(structure.table.size * 2);
            grown.set(this.#left);
            this.#left = grown;
          }
          this.#left[node] = this.#round;
          this.constraints.add(node, this.#files.get(node) ?? []);
          order.push(node);
          return undefined;
        },
        cycle: (nodes) => cycleError(structure, nodes),
      },
      roots,
    );
    walk.advance();
    return Uint32Array.from(order);
  }

  #enter(node: number): void {
    const { structure } = this;
    if (structure.isExpanded(node)) return;
    const rule = structure.table.rule(node)!;
    const files = declaredFiles(this.#expanding.while(rule, () => structure.expand(node)));
    if (files.length > 0) this.#files.set(node, files);
  }

  /** A node that some job computes, by the beginning of its id or by its rule: the first in the order of planning. */
  node(name: string): PlannedNode | undefined {
    const { table } = this.structure;
    const prefix = /^[0-9a-f]{4,32}$/.test(name);
    for (const node of this.jobOf.keys()) {
      const ref = table.ref(node);
      if (ref === undefined) continue;
      const rule = `${ref.ns}.${ref.name}`;
      if (prefix ? !table.idHex(node).startsWith(name) : rule !== name) continue;
      const inputs = Array.from(this.structure.dependencies(node), (each) => this.#named(each));
      const bound = this.constraints.plane(node);
      return { ...this.#named(node), label: describeRef(ref, 60), refs: writeRefs([ref]), inputs, ...given({ bound }) };
    }
    return undefined;
  }

  #named(node: number): { id: string; rule: string; job: string } {
    const { table } = this.structure;
    const rule = table.rule(node);
    const job = this.jobOf.get(node) ?? node;
    return { id: table.idHex(node), rule: rule ? `${rule.ns}.${rule.name}` : "", job: table.idHex(job) };
  }

  #planned(job: CutJob): PlannedJob {
    const { table } = this.structure;
    const ref = table.ref(job.node)!;
    const files = new Map(
      job.nodes.flatMap((node) => this.#files.get(node) ?? []).map((file) => [inputKey(file), file]),
    );
    const on = jobLabels(this.structure, this.constraints, job);
    const bound = this.constraints.plane(job.node);
    const exports = this.constraints.exports(job.node);
    return {
      id: table.idHex(job.node),
      rule: `${ref.ns}.${ref.name}`,
      label: describeRef(ref, 60),
      refs: JSON.stringify(writeRefs([ref])),
      inputs: job.inputs.map((input) => table.idHex(input)),
      ...(job.pin === undefined ? {} : { pin: table.idHex(job.pin) }),
      noCopy: job.noCopy,
      ...(on === undefined ? {} : { on }),
      ...given({ bound, exports }),
      files: [...files.values()],
      nodes: job.nodes.length,
    };
  }

  #counts(order: Uint32Array): Omit<Plan, "jobs"> {
    const rules = new Map<string, number>();
    let edges = 0;
    for (const node of order) {
      const rule = this.structure.table.rule(node)!;
      const name = `${rule.ns}.${rule.name}`;
      rules.set(name, (rules.get(name) ?? 0) + 1);
      edges += this.structure.count(node);
    }
    const sorted = [...rules].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    return { nodes: order.length, edges, rules: Object.fromEntries(sorted) };
  }
}
