import type { NodeReads } from "@graphvm/engine";

/** So many nodes are remembered: who has more than that mends the first. */
const MOST = 1000;

/** What atoms read without declaring it, as workers told: by job and by node, each read once, whoever ran the node. */
export class UndeclaredByJob {
  readonly #nodes = new Map<string, NodeReads>();
  readonly #jobs = new Map<string, Set<string>>();

  add(job: string, told: readonly NodeReads[]): void {
    for (const { node, label, reads } of told) {
      const known = this.#nodes.get(node);
      if (!known && this.#nodes.size >= MOST) return;
      const before = known?.reads ?? [];
      const more = reads.filter((read) => !before.some(({ kind, what }) => kind === read.kind && what === read.what));
      this.#nodes.set(node, { node, label, reads: [...before, ...more] });
      this.#jobs.set(job, (this.#jobs.get(job) ?? new Set()).add(node));
    }
  }

  of(job: string): readonly NodeReads[] {
    return [...(this.#jobs.get(job) ?? [])].map((node) => this.#nodes.get(node)!);
  }

  list(): readonly NodeReads[] {
    return [...this.#nodes.values()];
  }

  clear(): void {
    this.#nodes.clear();
    this.#jobs.clear();
  }
}
