import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, connect as netConnect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import { ConnectionLostError } from "../errors.js";
import type { DialOptions } from "./dial.js";
import { watchSilence } from "./heartbeat.js";
import { clientTls } from "./tls.js";

/** What a request upgrades to that wants bytes as they are, without messages around them. */
export const BYTES = "graphvm-bytes";

/** The longest answer that a server gives before the bytes. */
const HEAD = 16 * 1024;

/** Where the bytes of a stream go: the system writes them to their place, nothing is copied on the way. */
export interface Sink {
  /** Room for what comes next, at least a byte; asked for before each read. */
  room(): Uint8Array;
  /** So many bytes of that room were filled. @returns whether more are wanted */
  filled(count: number): boolean;
}

/** Lets a peer in whose request asked for bytes: what is written to `wire` from now on is all they get. */
export function acceptBytes(wire: Duplex): void {
  wire.on("error", () => {}); // `close` follows
  wire.resume(); // they have nothing to say; what they say is let go
  wire.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${BYTES}\r\nConnection: Upgrade\r\n\r\n`);
}

/**
 * Asks a process of the cluster for bytes, over a connection of its own: over loopback several times as fast as messages of a
 * WebSocket, since each read is as large as what has arrived. Settles when the sink has all it wants.
 *
 * @param url Where to, as links are dialled: `ws://host:port/path?query`, with TLS `wss:`.
 * @throws ConnectionLostError where the other side refuses, ends before that or gives no sign of life.
 */
export function readBytes(url: string, options: DialOptions, sink: Sink): Promise<void> {
  const { heartbeat, patience, token } = options;
  const { hostname, port, pathname, search, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const secure = protocol === "wss:";
  return new Promise((resolve, reject) => {
    let wire: Socket | undefined;
    let done = false;
    const lost = (cause?: unknown): void => {
      watch.stop();
      wire?.destroy();
      if (!done) reject(new ConnectionLostError(`The stream from ${hostname}:${port} ended too soon.`, {}, { cause }));
    };
    const watch = watchSilence(heartbeat, patience, lost);
    const finish = (): void => {
      done = true;
      watch.stop();
      wire?.destroy();
      resolve();
    };
    const reads = new Reads(sink, finish, () => watch.heard());
    const at = { host, port: Number(port || (secure ? 443 : 80)), onread: reads.onread };
    const names = isIP(host) ? {} : { servername: host };
    const open = (): Socket => {
      wire = secure ? tlsConnect({ ...clientTls(options.tls ?? {}), ...names, ...at }) : netConnect(at);
      reads.wire = wire;
      return wire;
    };
    const request = (secure ? httpsRequest : httpRequest)({
      host,
      port: at.port,
      path: `${pathname}${search}`,
      createConnection: open,
      headers: {
        connection: "Upgrade",
        upgrade: BYTES,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    request.once("upgrade", (_answer: IncomingMessage, socket: Duplex, first: Buffer) => {
      socket.on("error", lost);
      socket.once("close", () => lost());
      socket.resume();
      reads.begin(first);
    });
    request.once("response", (answer) => lost(new Error(`HTTP ${answer.statusCode}`)));
    request.on("error", lost);
    request.end();
  });
}

/** Gives what a socket reads to the HTTP client, as long as that reads the answer's head, and then to the sink. */
class Reads {
  wire: Socket | undefined;
  readonly #sink: Sink;
  readonly #finish: () => void;
  readonly #heard: () => void;
  readonly #head = Buffer.allocUnsafe(HEAD);
  #open = false;
  #ended = false;

  constructor(sink: Sink, finish: () => void, heard: () => void) {
    this.#sink = sink;
    this.#finish = finish;
    this.#heard = heard;
  }

  readonly onread = {
    buffer: (): Uint8Array => (this.#open && !this.#ended ? this.#sink.room() : this.#head),
    callback: (count: number, buffer: Uint8Array): boolean => {
      this.#heard();
      if (this.#open) this.#take(count);
      else this.wire?.emit("data", Buffer.from(buffer.subarray(0, count)));
      return !this.#ended;
    },
  };

  /** @param first What came right behind the head. */
  begin(first: Buffer): void {
    this.#open = true;
    for (let at = 0; at < first.length && !this.#ended; ) {
      const room = this.#sink.room();
      const part = first.subarray(at, at + room.length);
      room.set(part);
      at += part.length;
      this.#take(part.length);
    }
  }

  #take(count: number): void {
    if (this.#ended || this.#sink.filled(count)) return;
    this.#ended = true;
    this.#finish();
  }
}
