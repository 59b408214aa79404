/**
 * The job that computes each node, by node handles. A typed array: a Map ends at 16.7 million entries, a planned graph
 * need not.
 */
export class JobColumn {
  #jobs = new Uint32Array(1024); // job + 1; 0 where no job computes the node
  #nodes = 0;
  /** How many nodes some job computes. */
  size = 0;

  get(node: number): number | undefined {
    const job = this.#jobs[node];
    return job === undefined || job === 0 ? undefined : job - 1;
  }

  set(node: number, job: number): void {
    if (node >= this.#jobs.length) {
      const grown = new Uint32Array(Math.max(node + 1, this.#jobs.length * 2));
      grown.set(this.#jobs);
      this.#jobs = grown;
    }
    if (this.#jobs[node] === 0) this.size++;
    this.#nodes = Math.max(this.#nodes, node + 1);
    this.#jobs[node] = job + 1;
  }

  /** The nodes that some job computes, by handle. */
  *keys(): Iterable<number> {
    for (let node = 0; node < this.#nodes; node++) if (this.#jobs[node] !== 0) yield node;
  }
}
