import type { Job } from "./job.js";

/** Jobs that can run, in submission order. Taking the first ones costs the same however many there are. */
export class ReadyQueue {
  #jobs: Job[] = [];
  /** Where the first job stands; what lies before it was taken. */
  #head = 0;

  get size(): number {
    return this.#jobs.length - this.#head;
  }

  add(job: Job): void {
    const last = this.#jobs.at(-1);
    if (this.size === 0 || last!.order < job.order) this.#jobs.push(job);
    else this.#jobs.splice(this.#position(job), 0, job);
  }

  delete(job: Job): void {
    const at = this.#position(job);
    if (this.#jobs[at] !== job) return;
    if (at !== this.#head) this.#jobs.splice(at, 1);
    else if (++this.#head * 2 > this.#jobs.length) {
      this.#jobs = this.#jobs.slice(this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#jobs = [];
    this.#head = 0;
  }

  /** First job first. Jobs may be deleted meanwhile. */
  *list(): Iterable<Job> {
    for (let at = this.#head; at < this.#jobs.length; ) {
      const job = this.#jobs[at]!;
      yield job;
      at = this.#after(job.order);
    }
  }

  /** Where the first job after that order stands. */
  #after(order: number): number {
    let low = this.#head;
    let high = this.#jobs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#jobs[middle]!.order <= order) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where the job stands or would stand. */
  #position(job: Job): number {
    return this.#after(job.order - 1);
  }
}
