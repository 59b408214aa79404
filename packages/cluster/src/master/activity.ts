import type { Clock } from "../transport/clock.js";

/** A job that a worker runs now. */
export interface Running {
  readonly worker: string;
  readonly job: string;
  readonly rule: string;
  /** The node for people, `words.count(3)`. */
  readonly label: string;
  /** When it began, by the clock of this process. */
  readonly since: number;
}

/** What runs where and how long jobs of each rule take, as measured. An estimate for people: it reaches no value. */
export class Activity {
  readonly #clock: Clock;
  readonly #running = new Map<string, Running>();
  readonly #measured = new Map<string, { count: number; seconds: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(
    worker: string,
    { id, rule, label }: { readonly id: string; readonly rule: string; readonly label: string },
  ): Running {
    const running: Running = { worker, job: id, rule, label, since: this.#clock.now() };
    this.#running.set(worker, running);
    return running;
  }

  /** The job is over, or counts no more; how long it took, in seconds. Only what finished says how long others will take. */
  end(running: Running, finished: boolean): number {
    const now = this.#running.get(running.worker);
    if (now?.job === running.job && now.since === running.since) this.#running.delete(running.worker);
    const seconds = this.#seconds(running);
    if (finished) {
      const measured = this.#measured.get(running.rule) ?? { count: 0, seconds: 0 };
      measured.count++;
      measured.seconds += seconds;
      this.#measured.set(running.rule, measured);
    }
    return seconds;
  }

  /** What runs, the longest first, with seconds so far. */
  list(): (Running & { readonly seconds: number })[] {
    const all = [...this.#running.values()].map((running) => ({ ...running, seconds: this.#seconds(running) }));
    return all.sort((a, b) => b.seconds - a.seconds);
  }

  of(worker: string): (Running & { readonly seconds: number }) | undefined {
    const running = this.#running.get(worker);
    return running && { ...running, seconds: this.#seconds(running) };
  }

  /**
   * Seconds until so many unfinished jobs of each rule (running ones too) are done by so many workers, if jobs take as long
   * as those of their rule did. A rule of which nothing has finished is taken for an average one. Undefined where nothing
   * is known.
   */
  secondsLeft(unfinished: ReadonlyMap<string, number>, workers: number): number | undefined {
    if (workers === 0) return undefined;
    let count = 0;
    let seconds = 0;
    for (const measured of this.#measured.values()) {
      count += measured.count;
      seconds += measured.seconds;
    }
    if (count === 0) return undefined;
    const expected = (rule: string): number => {
      const measured = this.#measured.get(rule);
      return measured === undefined ? seconds / count : measured.seconds / measured.count;
    };
    let work = 0;
    for (const [rule, jobs] of unfinished) work += jobs * expected(rule);
    let longest = 0;
    for (const running of this.#running.values()) {
      const whole = expected(running.rule);
      const past = Math.min(whole, this.#seconds(running));
      work -= past;
      longest = Math.max(longest, whole - past);
    }
    // however many workers there are, what runs now must come to its end
    return Math.max(longest, work / workers, 0);
  }

  #seconds({ since }: Running): number {
    return this.#clock.now() - since;
  }
}
