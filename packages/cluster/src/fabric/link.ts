import { BadMessageError, PeerSilentError } from "../errors.js";
import { type Clock, systemClock } from "../transport/clock.js";
import { Frames } from "../transport/frames.js";
import { type Heartbeat, watchSilence } from "../transport/heartbeat.js";
import { MAX_MESSAGE } from "../transport/socket.js";
import { Inbox, type Message, type Transport } from "../transport/transport.js";
import { Channel } from "./channel.js";
import type { Connection } from "./connection.js";

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
}

/** A link that can be dropped as a crash would drop it: the other side hears of it, and dials again. */
export interface FabricLink extends Transport {
  drop(reason: Error): void;
}

/** A link over two subjects of NATS, one to each end. Messages are written as for WebSockets, and numbered by a channel. */
export function natsLink({ connection, own, other, limit = MAX_MESSAGE, heartbeat, patience }: LinkEnd): FabricLink {
  const clock: Clock = heartbeat?.clock ?? systemClock;
  const frames = new Frames();
  const inbox = new Inbox();
  const reader = frames.reader(limit, (message, attachment) => inbox.deliver(message, attachment));
  const wire = {
    maxPacket: Math.min(connection.maxPayload, 1024 * 1024),
    publish: (packet: Uint8Array, asks: boolean) => {
      // what is sent without a server goes again when there is one
      if (connection.connected) connection.publish(other, packet, asks ? own : undefined);
    },
  };
  const ends: (() => void)[] = [];
  const channel = new Channel(
    wire,
    {
      frame: (bytes) => {
        if (!inbox.closed) reader.take(bytes, true);
      },
      mark: () => {
        throw new BadMessageError("The peer sent a mark that means nothing here.", {});
      },
      over: (reason) => {
        for (const end of ends) end();
        // whoever waits for what arrived just before hears of that first
        if (reason) inbox.close(reason);
        else setImmediate(() => inbox.close(undefined));
      },
    },
    clock,
  );
  const silence = watchSilence(heartbeat, patience, () =>
    channel.fail(
      new PeerSilentError("The other side gave no sign of life for too long: it hangs, or NATS is cut in two.", {}),
    ),
  );
  channel.heard = silence.heard;
  ends.push(
    silence.stop,
    connection.onReconnect(() => channel.resume()),
    connection.subscribe(own, (bytes, nobody) => (nobody ? channel.nobody() : channel.take(bytes))),
  );
  return {
    send: (message: Message, attachment) => {
      if (inbox.closed) return;
      const written: Uint8Array[] = frames.write(message, attachment !== undefined);
      if (attachment) written.push(attachment);
      channel.write(written);
    },
    onMessage: (listener) => inbox.onMessage(listener),
    onClose: (listener) => inbox.onClose(listener),
    drained: () => channel.drained(),
    close: () => channel.close(),
    drop: (reason) => channel.fail(reason),
  };
}
