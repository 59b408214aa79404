/** A mark with this bit: the next frame of the link is the job of the number that is left. */
const DIRECT = 0x4000_0000;

/** The mark for a job that comes over the link after all. */
export const directMark = (number: number): number => DIRECT + number;

/** A mark with this bit asks for a job: its queue has not brought it. */
const WANTED = 0x2000_0000;
export const wantedMark = (number: number): number => WANTED + number;

/** The job that a mark asks for; undefined of another mark. */
export const wantedBy = (mark: number): number | undefined =>
  mark >= WANTED && mark < DIRECT ? mark - WANTED : undefined;

/**
 * Puts jobs from a queue back to their places among what came over the link: a mark without bytes says where one belongs, and
 * what is behind it waits.
 */
export class OrderedInput {
  readonly #take: (frame: Uint8Array, job: number | undefined) => void;
  /** Jobs that came before their marks. */
  readonly #jobs = new Map<number, Uint8Array>();
  /** What came behind the mark that waits for its job. */
  #held: (Buffer | number)[] = [];
  #awaited: number | undefined;
  #direct: number | undefined;
  /** Marks count up: up to here all had their jobs. */
  #passed = 0;

  /** @param take Told of all frames in order; of a job's, its number too. */
  constructor(take: (frame: Uint8Array, job: number | undefined) => void) {
    this.#take = take;
  }

  /** The job that is waited for. */
  get awaited(): number | undefined {
    return this.#awaited;
  }

  frame(bytes: Buffer): void {
    if (this.#direct !== undefined) {
      const number = this.#direct;
      this.#direct = undefined;
      this.job(number, bytes);
    } else if (this.#awaited !== undefined) this.#held.push(bytes);
    else this.#take(bytes, undefined);
  }

  mark(number: number): void {
    if (number >= DIRECT) this.#direct = number - DIRECT;
    else if (this.#awaited !== undefined) this.#held.push(number);
    else this.#at(number);
  }

  /** A job has come; one that came before is passed over. */
  job(number: number, frame: Uint8Array): void {
    if (number <= this.#passed) return;
    this.#jobs.set(number, frame);
    if (number !== this.#awaited) return;
    this.#awaited = undefined;
    const held = this.#held;
    this.#held = [];
    this.#at(number);
    for (const each of held) {
      if (typeof each === "number") this.mark(each);
      else this.frame(each);
    }
  }

  #at(number: number): void {
    const frame = this.#jobs.get(number);
    if (!frame) {
      this.#awaited = number;
      return;
    }
    this.#jobs.delete(number);
    this.#passed = number;
    this.#take(frame, number);
  }
}
