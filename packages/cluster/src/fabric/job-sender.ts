import { type Clock, rest, systemClock } from "../transport/clock.js";
import type { Connection } from "./connection.js";
import { JOB_HEAD, type QueuedJob, writeJobs } from "./job-batch.js";

/** Jobs of one turn go in one message, so many bytes of them at most. */
const BATCH = 128 * 1024;
const TIMEOUT_MS = 2000;
/** How long a message that was not taken is kept back, in seconds. */
const RETRY_SECONDS = 0.1;
/** A queue that took nothing for so long is passed by, in seconds: what waits goes over the link. */
const STALL_SECONDS = 2;
/** For how long it is passed by then. */
const PASS_SECONDS = 10;

/**
 * A master's end of a worker's queue. What it is given is stored by JetStream before it counts as sent; where JetStream takes
 * nothing for a while it goes over the link instead, so that a full queue stops no job.
 */
export class JobSender {
  readonly #connection: Connection;
  readonly #stream: string;
  readonly #subject: string;
  readonly #clock: Clock;
  readonly #direct: (job: QueuedJob) => void;
  readonly #trouble: (error: Error) => void;
  #waiting: QueuedJob[] = [];
  #waitingBytes = 0;
  #soon: NodeJS.Immediate | undefined;
  #passUntil = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** @param direct Sends a job over the link. @param trouble Told where JetStream takes none. */
  constructor(
    connection: Connection,
    place: { readonly stream: string; readonly subject: string },
    direct: (job: QueuedJob) => void,
    trouble: (error: Error) => void = () => {},
    clock: Clock = systemClock,
  ) {
    this.#connection = connection;
    this.#stream = place.stream;
    this.#subject = place.subject;
    this.#direct = direct;
    this.#trouble = trouble;
    this.#clock = clock;
  }

  /** Whether a frame is one for the queue: large ones, and all while it is passed by, go over the link. */
  takes(frame: Uint8Array): boolean {
    return !this.#closed && frame.length + JOB_HEAD <= BATCH / 2 && this.#clock.now() >= this.#passUntil;
  }

  send(job: QueuedJob): void {
    if (this.#waitingBytes + job.frame.length > BATCH) this.#flush();
    this.#waiting.push(job);
    this.#waitingBytes += JOB_HEAD + job.frame.length;
    this.#soon ??= setImmediate(() => this.#flush());
  }

  /** The link is over: what lies in the queue is nobody's any more. */
  close(): void {
    this.#closed = true;
    if (this.#soon) clearImmediate(this.#soon);
    this.#waiting = [];
    this.#connection.manager.streams.purge(this.#stream, { filter: this.#subject }).catch(() => {}); // it ages away
  }

  #flush(): void {
    if (this.#soon) clearImmediate(this.#soon);
    this.#soon = undefined;
    const jobs = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (jobs.length > 0) void this.#publish(jobs);
  }

  async #publish(jobs: readonly QueuedJob[]): Promise<void> {
    const bytes = writeJobs(jobs);
    const msgID = `${this.#subject}-${jobs[0]!.number}`;
    const giveUp = this.#clock.now() + STALL_SECONDS;
    for (;;) {
      try {
        await this.#connection.jetstream.publish(this.#subject, bytes, { msgID, timeout: TIMEOUT_MS });
        return;
      } catch (error) {
        if (this.#closed) return;
        if (this.#clock.now() < giveUp) {
          await rest(RETRY_SECONDS, this.#clock);
          continue;
        }
        // one that was stored all the same comes twice, and is known by its number
        this.#passUntil = this.#clock.now() + PASS_SECONDS;
        this.#trouble(error as Error);
        for (const job of jobs) this.#direct(job);
        return;
      }
    }
  }
}
