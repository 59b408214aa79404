import { PeerSilentError } from "../errors.js";
import { type Clock, systemClock } from "../transport/clock.js";
import { Frames } from "../transport/frames.js";
import { type Heartbeat, watchSilence } from "../transport/heartbeat.js";
import { MAX_MESSAGE } from "../transport/socket.js";
import { Inbox, type Message, type Transport } from "../transport/transport.js";
import { Channel, type Wire } from "./channel.js";
import type { Connection } from "./connection.js";
import type { QueuedJob } from "./job-batch.js";
import { JobReceiver } from "./job-receiver.js";
import { JobSender } from "./job-sender.js";
import { directMark, OrderedInput, wantedBy, wantedMark } from "./ordered-input.js";

/** A job that its queue has not brought between two looks is asked for over the link. */
const LATE_SECONDS = 0.5;

/** Bytes of a packet: larger ones cost NATS' client more than they save (measured from 64 KB to 1 MB). */
const PACKET = 256 * 1024;

/** One end of a link over NATS. */
export interface LinkEnd {
  readonly connection: Connection;
  /** The subject this end listens to, and the other's. */
  readonly own: string;
  readonly other: string;
  /** What the peer may send in one message, in bytes. */
  readonly limit?: number;
  readonly heartbeat?: Heartbeat | undefined;
  /** How many times as long as others this peer may be silent. */
  readonly patience?: number | undefined;
  /** The work queue through which a master's end sends jobs, and a worker's takes them. */
  readonly queue?: JobQueue | undefined;
}

/** A worker's queue, seen from one end of its link. */
export interface JobQueue {
  readonly end: "master" | "worker";
  readonly stream: string;
  readonly subject: string;
  /** Told where JetStream takes no jobs: they go over the link then. */
  readonly trouble?: (error: Error) => void;
}

/** A link that can be dropped as a crash would drop it: the other side hears of it, and dials again. */
export interface FabricLink extends Transport {
  drop(reason: Error): void;
}

/**
 * A link over two subjects of NATS, one to each end. Messages are written as for WebSockets, and numbered by a channel. Where it
 * has a queue, calls of `run` go through that, at their places among all others.
 */
export function natsLink(end: LinkEnd): FabricLink {
  return new NatsLink(end);
}

class NatsLink implements FabricLink {
  readonly #frames = new Frames();
  readonly #inbox = new Inbox();
  readonly #channel: Channel;
  readonly #ends: (() => void)[] = [];
  readonly #sender: JobSender | undefined;
  #receiver: Promise<JobReceiver> | undefined;
  /** Which job of the queue a call of the other side is. */
  readonly #calls = new Map<unknown, number>();
  #lastJob = 0;
  /** Jobs that were sent through the queue and have no answer yet, by number; and their numbers, by call. */
  readonly #unanswered = new Map<number, Uint8Array>();
  readonly #sentAs = new Map<unknown, number>();

  constructor(end: LinkEnd) {
    const { connection, own, heartbeat, patience, queue } = end;
    const clock: Clock = heartbeat?.clock ?? systemClock;
    const input = this.#input(end.limit ?? MAX_MESSAGE);
    this.#channel = new Channel(
      wireOf(end),
      {
        frame: (bytes) => !this.#inbox.closed && input.frame(bytes),
        mark: (number) => this.#mark(number, input),
        over: (reason) => this.#over(reason),
      },
      clock,
    );
    const silence = watchSilence(heartbeat, patience, () => this.drop(silent()));
    this.#channel.heard = silence.heard;
    this.#ends.push(
      silence.stop,
      connection.onReconnect(() => this.#channel.resume()),
      connection.subscribe(own, (bytes, nobody) => (nobody ? this.#channel.nobody() : this.#channel.take(bytes))),
    );
    if (queue?.end === "worker") {
      this.#receiver = JobReceiver.open(
        connection,
        queue,
        ({ number, frame }) => this.#guarded(() => input.job(number, frame)),
        clock,
      );
      this.#receiver.catch((error: Error) => this.drop(error));
      this.#ends.push(this.#askForLate(input, clock));
    }
    if (queue?.end === "master") {
      this.#sender = new JobSender(connection, queue, (job) => this.#direct(job), queue.trouble, clock);
    }
  }

  send(message: Message, attachment?: Uint8Array): void {
    if (this.#inbox.closed) return;
    const written: Uint8Array[] = this.#frames.write(message, attachment !== undefined);
    if (message.method === "run" && written.length === 1 && !attachment && this.#sender?.takes(written[0]!)) {
      const job = { number: ++this.#lastJob, frame: written[0]! };
      this.#unanswered.set(job.number, job.frame);
      this.#sentAs.set(message.call, job.number);
      this.#channel.mark(job.number);
      this.#sender.send(job);
      return;
    }
    if (attachment) written.push(attachment);
    this.#channel.write(written);
    if (message.answer !== undefined) this.#answered(message.answer);
  }

  onMessage(listener: (message: Message, attachment?: Uint8Array) => void): void {
    this.#inbox.onMessage(listener);
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    this.#inbox.onClose(listener);
  }

  drained(): Promise<void> {
    return this.#channel.drained();
  }

  close(): void {
    this.#channel.close();
  }

  drop(reason: Error): void {
    this.#channel.fail(reason);
  }

  /** What arrives, in order; of jobs it is noted which calls they are. */
  #input(limit: number): OrderedInput {
    let job: number | undefined;
    const reader = this.#frames.reader(limit, (message, attachment) => {
      if (job !== undefined) this.#calls.set(message.call, job);
      if (message.answer !== undefined) this.#forget(message.answer);
      this.#inbox.deliver(message, attachment);
    });
    return new OrderedInput((frame, number) => {
      job = number;
      if (number !== undefined) this.#receiver?.then((receiver) => receiver.taken(number)).catch(() => {});
      reader.take(frame as Buffer, true);
      job = undefined;
    });
  }

  #mark(number: number, input: OrderedInput): void {
    const wanted = wantedBy(number);
    const frame = wanted === undefined ? undefined : this.#unanswered.get(wanted);
    if (wanted === undefined) input.mark(number);
    else if (frame) this.#direct({ number: wanted, frame });
  }

  /** Sends a job over the link that the queue does not take or bring. */
  #direct({ number, frame }: QueuedJob): void {
    this.#channel.mark(directMark(number));
    this.#channel.write([frame]);
  }

  /** Asks for a job over the link that its queue has not brought for a while: a broker that elects may be slow. */
  #askForLate(input: OrderedInput, clock: Clock): () => void {
    let before: number | undefined;
    return clock.every(LATE_SECONDS, () => {
      const { awaited } = input;
      if (awaited !== undefined && awaited === before) this.#channel.mark(wantedMark(awaited));
      before = awaited;
    });
  }

  #forget(call: unknown): void {
    const number = this.#sentAs.get(call);
    if (number === undefined) return;
    this.#sentAs.delete(call);
    this.#unanswered.delete(number);
  }

  #answered(call: unknown): void {
    const number = this.#calls.get(call);
    if (number === undefined) return;
    this.#calls.delete(call);
    this.#receiver?.then((receiver) => receiver.answered(number)).catch(() => {}); // the link ends of it
  }

  /** What a queue holds that is no message ends the link, as what the link itself brings does. */
  #guarded(work: () => void): void {
    if (this.#inbox.closed) return;
    try {
      work();
    } catch (error) {
      this.drop(error as Error);
    }
  }

  #over(reason: Error | undefined): void {
    for (const end of this.#ends) end();
    this.#sender?.close();
    this.#receiver?.then((receiver) => receiver.close()).catch(() => {});
    // whoever waits for what arrived just before hears of that first
    if (reason) this.#inbox.close(reason);
    else setImmediate(() => this.#inbox.close(undefined));
  }
}

function wireOf({ connection, own, other }: LinkEnd): Wire {
  return {
    maxPacket: Math.min(connection.maxPayload, PACKET),
    publish: (packet, asks) => {
      // what is sent without a server goes again when there is one
      if (connection.connected) connection.publish(other, packet, asks ? own : undefined);
    },
  };
}

const silent = (): PeerSilentError =>
  new PeerSilentError("The other side gave no sign of life for too long: it hangs, or NATS is cut in two.", {});
