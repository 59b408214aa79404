import type { Job } from "./job.js";

/** Jobs that can run, in submission order. */
export class ReadyQueue {
  #jobs: Job[] = [];

  get size(): number {
    return this.#jobs.length;
  }

  add(job: Job): void {
    this.#jobs.splice(this.#position(job), 0, job);
  }

  delete(job: Job): void {
    const at = this.#position(job);
    if (this.#jobs[at] === job) this.#jobs.splice(at, 1);
  }

  clear(): void {
    this.#jobs = [];
  }

  /** A copy, first job first. */
  list(): Job[] {
    return this.#jobs.slice();
  }

  /** Where the job stands or would stand. */
  #position(job: Job): number {
    let low = 0;
    let high = this.#jobs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#jobs[middle]!.order < job.order) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
