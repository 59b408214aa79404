import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import { FabricError } from "../errors.js";
import { type Clock, systemClock } from "../transport/clock.js";
import type { Connection } from "./connection.js";
import { untilElected } from "./elections.js";
import { type QueuedJob, readJobs } from "./job-batch.js";

/** A job that nobody says is under way is delivered again after so long, in seconds. */
export const LEASE_SECONDS = 10;
/** A queue that nobody reads is removed after so long, in seconds. */
const GONE_SECONDS = 60;
/** For how long servers of NATS may elect before a queue can be read, in seconds. */
const ELECTING_SECONDS = 60;
const NANOS = 1_000_000_000;

/** A message of the queue, and which of its jobs have no answer yet. */
interface Held {
  readonly message: JsMsg;
  readonly open: Set<number>;
}

/**
 * A worker's end of its queue: takes jobs, says every third of the lease that they are under way, and acknowledges them once
 * they are answered. What is delivered again is known by its number.
 */
export class JobReceiver {
  readonly #held = new Map<number, Held>();
  readonly #take: (job: QueuedJob) => void;
  readonly #stopClock: () => void;
  #messages: ConsumerMessages | undefined;
  #delete: () => Promise<unknown> = async () => {};
  /** Numbers that were taken: all up to `#floor`, and these. */
  readonly #taken = new Set<number>();
  #floor = 0;
  #closed = false;
  /** How many jobs came again that were known. */
  again = 0;

  private constructor(take: (job: QueuedJob) => void, clock: Clock) {
    this.#take = take;
    this.#stopClock = clock.every(LEASE_SECONDS / 3, () => this.#renew());
  }

  /** @throws FabricError where JetStream does not let this process read its queue. */
  static async open(
    connection: Connection,
    place: { readonly stream: string; readonly subject: string },
    take: (job: QueuedJob) => void,
    clock: Clock = systemClock,
  ): Promise<JobReceiver> {
    const { AckPolicy } = await import("@nats-io/jetstream");
    const receiver = new JobReceiver(take, clock);
    try {
      const asked = {
        // with a name, what it filters stands in the subject that makes it: NATS can say who may read which queues
        name: `graphvm_${place.subject.slice(place.subject.lastIndexOf(".") + 1)}`,
        filter_subject: place.subject,
        ack_policy: AckPolicy.Explicit,
        ack_wait: LEASE_SECONDS * NANOS,
        max_ack_pending: 10_000,
        inactive_threshold: GONE_SECONDS * NANOS,
      };
      // jobs come over the link meanwhile
      const add = () => connection.manager.consumers.add(place.stream, asked);
      const { name } = await untilElected(add, ELECTING_SECONDS, clock);
      receiver.#delete = () => connection.manager.consumers.delete(place.stream, name);
      const get = () => connection.jetstream.consumers.get(place.stream, name);
      const consumer = await untilElected(get, ELECTING_SECONDS, clock);
      receiver.#messages = await consumer.consume({
        max_messages: 256,
        // a server that was killed takes what it was asked for with it: that is noticed soon
        expires: 5000,
        idle_heartbeat: 1000,
        callback: (message) => receiver.#took(message),
      });
    } catch (error) {
      await receiver.close();
      const why = error instanceof Error ? error.message : String(error);
      throw new FabricError(
        `The worker can't read its jobs from ${place.stream} (${why}): let its NATS user make consumers there.`,
        { stream: place.stream },
        { cause: error },
      );
    }
    if (receiver.#closed) await receiver.close();
    return receiver;
  }

  /** A job has its answer. */
  answered(number: number): void {
    const held = this.#held.get(number);
    this.#held.delete(number);
    held?.open.delete(number);
    if (held?.open.size === 0) held.message.ack();
  }

  /** A job is here, by whatever way: it is known from now on. */
  taken(number: number): void {
    this.#taken.add(number);
    while (this.#taken.delete(this.#floor + 1)) this.#floor++;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopClock();
    this.#messages?.stop();
    await this.#delete().catch(() => {}); // it goes by itself
  }

  #took(message: JsMsg): void {
    let jobs: QueuedJob[];
    try {
      jobs = readJobs(message.data);
    } catch {
      message.term("not of graphvm's protocol");
      return;
    }
    const held: Held = { message, open: new Set() };
    for (const job of jobs) {
      const known = this.#isTaken(job.number);
      // one that is under way is acknowledged by what came last; one that is answered already needs nothing more
      if (!known || this.#held.has(job.number)) {
        held.open.add(job.number);
        this.#held.set(job.number, held);
      }
      if (known) this.again++;
      else {
        this.taken(job.number);
        this.#take(job);
      }
    }
    if (held.open.size === 0) message.ack();
  }

  #isTaken(number: number): boolean {
    return number <= this.#floor || this.#taken.has(number);
  }

  #renew(): void {
    for (const message of new Set([...this.#held.values()].map((each) => each.message))) message.working();
  }
}
