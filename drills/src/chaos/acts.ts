import { setTimeout as pause } from "node:timers/promises";

/** What is under way beside a run: things that happen to it, what ends them, and the story of all that. */
export class Acts {
  /** What happened when. */
  readonly log: string[] = [];
  /** What went wrong; nothing where all is well. */
  readonly wrong: string[] = [];
  readonly #start = performance.now();
  readonly #running = new Set<Promise<void>>();
  readonly #over = new AbortController();

  /** Seconds since the run began. */
  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** Whether the run is over. */
  get over(): boolean {
    return this.#over.signal.aborted;
  }

  begin(act: Promise<void>): void {
    const whole = act
      .catch((error: unknown) => {
        // what is cut short by the end of the run was not needed
        if (!this.over) this.wrong.push(`the drill itself failed: ${error}`);
      })
      .finally(() => this.#running.delete(whole));
    this.#running.add(whole);
  }

  /** @throws where the run is over before. */
  rest(ms: number): Promise<void> {
    return pause(ms, undefined, { signal: this.#over.signal });
  }

  note(what: string): void {
    this.log.push(`${String(Math.round(this.seconds * 1000)).padStart(6)} ms  ${what}`);
  }

  /** The run is over: nothing more begins. */
  stop(): void {
    this.#over.abort();
  }

  /** Settles when nothing is under way. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** What `work` gives, unless that takes too long. */
  async inTime<T>(work: Promise<T>, patience: number, status: () => Promise<string>): Promise<T> {
    const late = new AbortController();
    const stuck = pause(patience, undefined, { signal: late.signal }).then(async () => {
      this.note(`stuck: ${await status()}`);
      throw new Error(`it was not over after ${patience / 1000} s`);
    });
    stuck.catch(() => {});
    try {
      return await Promise.race([work, stuck]);
    } finally {
      late.abort();
    }
  }
}
