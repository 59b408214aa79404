import { BadMessageError, PeerSilentError } from "../errors.js";
import type { Clock } from "../transport/clock.js";
import { type FrameEvents, FrameStream, headOf, MARK } from "./frame-stream.js";

/** What carries packets: it may lose some, and then gives them in another order or twice. */
export interface Wire {
  /** Sends a packet; one that asks learns by `nobody` where nobody takes it. */
  publish(packet: Uint8Array, asks: boolean): void;
  /** The most bytes a packet may have. */
  readonly maxPacket: number;
}

/** Frames and places come in order, once. */
export interface ChannelEvents extends FrameEvents {
  /** The channel is over, once; a reason where something went wrong. */
  over(reason: Error | undefined): void;
}

/** The first byte of a packet. The others: 6 bytes its number, 6 bytes the last number that arrived; then what it carries. */
const TYPE = {
  data: 0,
  /** The last of a direction: the channel is closed when it has arrived. */
  close: 1,
  /** Nothing but what has arrived; asks for nothing. */
  ack: 2,
  /** As `ack`, and what comes after that is to be sent again. */
  again: 3,
  /** Its number is the last that was sent: is all there? */
  ping: 4,
  /** The channel ended by force. */
  failed: 5,
} as const;
const HEAD = 13;

/** So many bytes may be under way; the rest waits. */
const WINDOW = 8 * 1024 * 1024;
/** Below so many waiting bytes whoever asks `drained` may go on. */
const LITTLE = 8 * 1024 * 1024;
/** After so many bytes or packets the other side is told what arrived; else after so many seconds. */
const ACK_BYTES = 1024 * 1024;
const ACK_PACKETS = 64;
const ACK_SECONDS = 0.02;
/** How often the other side is asked, in seconds. */
const PING_SECONDS = 0.5;
/** Nobody took a packet for so long: its process is gone, in seconds. Longer than a client needs to find another server. */
const GONE_SECONDS = 2;
/** How long a closed channel waits for the other side to have it, in seconds. */
const LINGER_SECONDS = 3;

/**
 * Frames in order and once over a wire that loses: packets are numbered, kept until they are acknowledged, and sent again where
 * one is missing. What was lost with a broker's server goes again when both sides have found another.
 */
export class Channel {
  readonly #wire: Wire;
  readonly #events: ChannelEvents;
  readonly #clock: Clock;
  readonly #reading: FrameStream;
  /** Bytes that wait to be sent. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Sent and not acknowledged, from number `#acked` + 1. */
  #flying: Buffer[] = [];
  #flyingBytes = 0;
  #acked = 0;
  #sent = 0;
  /** The last number that arrived. */
  #arrived = 0;
  #dueBytes = 0;
  #duePackets = 0;
  #ackTimer: (() => void) | undefined;
  /** What was acknowledged at the last tick. */
  #progress = 0;
  #tick = false;
  #lastAgain = Number.NEGATIVE_INFINITY;
  #resentAt = Number.NEGATIVE_INFINITY;
  #nobodySince: number | undefined;
  #soon: NodeJS.Immediate | undefined;
  #gathering = false;
  #closing = false;
  #closeSent = false;
  #over = false;
  #drained: (() => void)[] = [];
  readonly #stopTick: () => void;
  #stopLinger: (() => void) | undefined;
  /** Called with each sign of life. */
  heard: () => void = () => {};

  constructor(wire: Wire, events: ChannelEvents, clock: Clock) {
    this.#wire = wire;
    this.#events = events;
    this.#clock = clock;
    this.#reading = new FrameStream(events);
    this.#stopTick = clock.every(PING_SECONDS, () => this.#ping());
  }

  /** Sends frames; those of one turn behind the first leave together. */
  write(frames: readonly Uint8Array[]): void {
    if (this.#closing || this.#over) return;
    for (const frame of frames) {
      this.#wait(headOf(frame.length));
      if (frame.length > 0) this.#wait(Buffer.from(frame.buffer, frame.byteOffset, frame.length));
    }
    this.#turn();
  }

  /** Sends a place in the order. */
  mark(number: number): void {
    if (this.#closing || this.#over) return;
    this.#wait(headOf(MARK + number));
    this.#turn();
  }

  /** Settles once little waits, or the channel is over. */
  drained(): Promise<void> {
    if (this.#over || this.#little) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** Closes in order: what was sent before arrives. */
  close(): void {
    if (this.#closing || this.#over) return;
    this.#closing = true;
    this.#pump(true);
    this.#stopLinger = this.#clock.after(LINGER_SECONDS, () => this.#end(undefined));
  }

  /** Ends at once; the other side hears of it where it can. */
  fail(reason: Error): void {
    if (this.#over) return;
    this.#wire.publish(this.#packet(TYPE.failed, 0), false);
    this.#end(reason);
  }

  /** The wire was cut and is whole again: what was under way may be lost. */
  resume(): void {
    if (this.#over) return;
    this.#sendAgain();
    this.#tell(TYPE.ping, this.#sent, true);
  }

  /** Nobody took what asked. */
  nobody(): void {
    if (this.#over) return;
    const now = this.#clock.now();
    this.#nobodySince ??= now;
    if (now - this.#nobodySince < GONE_SECONDS) return;
    this.#end(
      this.#closing
        ? undefined
        : new PeerSilentError("Nobody listens at the other end of the link any more: its process is gone.", {
            seconds: GONE_SECONDS,
          }),
    );
  }

  /** Takes a packet from the wire. */
  take(bytes: Uint8Array): void {
    if (this.#over) return;
    const packet = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const type = packet[0];
    if (packet.length < HEAD || type === undefined || type > TYPE.failed) {
      this.fail(new BadMessageError("The peer sent a packet that is not of graphvm's protocol.", {}));
      return;
    }
    this.#nobodySince = undefined;
    this.heard();
    const number = packet.readUIntBE(1, 6);
    this.#acknowledged(packet.readUIntBE(7, 6));
    if (type === TYPE.data || type === TYPE.close) this.#numbered(type, number, packet);
    else if (type === TYPE.again) this.#againAsked();
    else if (type === TYPE.ping) this.#tell(number > this.#arrived ? TYPE.again : TYPE.ack);
    else if (type === TYPE.failed) this.#end(new Error("the other side dropped the link"));
    this.#pump();
  }

  get #little(): boolean {
    return this.#waitingBytes + this.#flyingBytes <= LITTLE;
  }

  #wait(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  /** A turn's first message leaves at once, what is sent behind it when the turn ends. */
  #turn(): void {
    if (this.#gathering) return;
    this.#pump(true);
    this.#gathering = true;
    this.#soon = setImmediate(() => {
      this.#gathering = false;
      this.#pump(true);
    });
  }

  /** @param now Sends a packet that is not full, too. */
  #pump(now = !this.#gathering): void {
    const room = this.#wire.maxPacket - HEAD;
    while (!this.#over && this.#waitingBytes > 0 && this.#flyingBytes < WINDOW && (now || this.#waitingBytes >= room)) {
      const size = Math.min(room, this.#waitingBytes);
      const packet = this.#packet(TYPE.data, ++this.#sent, size);
      this.#fill(packet, size);
      this.#fly(packet);
    }
    if (this.#closing && this.#waitingBytes === 0 && !this.#closeSent) {
      this.#closeSent = true;
      this.#fly(this.#packet(TYPE.close, ++this.#sent));
    }
  }

  #fly(packet: Buffer): void {
    this.#flying.push(packet);
    this.#flyingBytes += packet.length;
    this.#wire.publish(packet, false);
    this.#dueBytes = 0;
    this.#duePackets = 0;
  }

  #fill(packet: Buffer, size: number): void {
    let at = HEAD;
    let taken = 0;
    for (let left = size; left > 0; ) {
      const first = this.#waiting[taken]!;
      const part = Math.min(left, first.length);
      first.copy(packet, at, 0, part);
      at += part;
      left -= part;
      if (part === first.length) taken++;
      else this.#waiting[taken] = first.subarray(part);
    }
    this.#waiting.splice(0, taken);
    this.#waitingBytes -= size;
  }

  #packet(type: number, number: number, size = 0): Buffer {
    const packet = Buffer.allocUnsafe(HEAD + size);
    packet[0] = type;
    packet.writeUIntBE(number, 1, 6);
    packet.writeUIntBE(this.#arrived, 7, 6);
    return packet;
  }

  #acknowledged(number: number): void {
    const count = Math.min(number - this.#acked, this.#flying.length);
    if (count <= 0) return;
    for (const packet of this.#flying.splice(0, count)) this.#flyingBytes -= packet.length;
    this.#acked += count;
    if (this.#little) for (const resolve of this.#drained.splice(0)) resolve();
    if (this.#closeSent && this.#flying.length === 0) this.#end(undefined);
  }

  #numbered(type: number, number: number, packet: Buffer): void {
    if (number !== this.#arrived + 1) {
      // one that came before is acknowledged once more; a gap is told, but not for each packet behind it
      if (number > this.#arrived) this.#askAgain();
      else this.#ackSoon();
      return;
    }
    this.#arrived = number;
    if (type === TYPE.close) {
      this.#tell(TYPE.ack);
      this.#end(undefined);
      return;
    }
    this.#dueBytes += packet.length;
    this.#duePackets++;
    try {
      this.#reading.take(packet.subarray(HEAD));
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    if (this.#dueBytes >= ACK_BYTES || this.#duePackets >= ACK_PACKETS) this.#tell(TYPE.ack);
    else this.#ackSoon();
  }

  #ackSoon(): void {
    this.#ackTimer ??= this.#clock.after(ACK_SECONDS, () => {
      this.#ackTimer = undefined;
      if (this.#duePackets > 0) this.#tell(TYPE.ack);
    });
  }

  #askAgain(): void {
    const now = this.#clock.now();
    if (now - this.#lastAgain < ACK_SECONDS) return;
    this.#lastAgain = now;
    this.#tell(TYPE.again);
  }

  #tell(type: number, number = 0, asks = false): void {
    if (this.#over) return;
    this.#dueBytes = 0;
    this.#duePackets = 0;
    this.#wire.publish(this.#packet(type, number), asks);
  }

  #againAsked(): void {
    const now = this.#clock.now();
    // what is on its way again may be asked for again by what was behind it
    if (now - this.#resentAt < ACK_SECONDS) return;
    this.#sendAgain();
  }

  #sendAgain(): void {
    this.#resentAt = this.#clock.now();
    for (const packet of this.#flying) {
      packet.writeUIntBE(this.#arrived, 7, 6);
      this.#wire.publish(packet, false);
    }
  }

  #ping(): void {
    if (this.#over) return;
    // while all goes well every other tick is enough
    const stuck = this.#flying.length > 0 && this.#progress === this.#acked;
    this.#progress = this.#acked;
    this.#tick = !this.#tick;
    if (stuck || this.#nobodySince !== undefined || this.#tick) this.#tell(TYPE.ping, this.#sent, true);
  }

  #end(reason: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTick();
    this.#ackTimer?.();
    this.#stopLinger?.();
    if (this.#soon) clearImmediate(this.#soon);
    this.#waiting = [];
    this.#flying = [];
    for (const resolve of this.#drained.splice(0)) resolve();
    this.#events.over(reason);
  }
}
