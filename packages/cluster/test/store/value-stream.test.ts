import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { ValueLostError } from "@graphvm/cluster";
import { VirtualClock } from "@graphvm/testing";
import { expect, onTestFinished, test } from "vitest";
import { DataClient } from "../../dist/store/data-client.js";
import { serveData } from "../../dist/store/data-methods.js";
import { ObjectStore } from "../../dist/store/object-store.js";
import { PIECE } from "../../dist/store/pieces.js";
import { SentBytes } from "../../dist/store/sent-bytes.js";
import { sendValue, valueQuery } from "../../dist/store/value-stream.js";
import type { Heartbeat } from "../../dist/transport/heartbeat.js";
import { type ListenOptions, listen } from "../../dist/transport/listen.js";
import type { ClientTls } from "../../dist/transport/tls.js";
import type { Transport } from "../../dist/transport/transport.js";
import { failureOf } from "../helpers.js";
import { Authority } from "../tls/certificates.js";

const ID = "ab".repeat(16);

function bytesOf(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i * 31 + (i >> 9);
  return bytes;
}

interface Setting extends Partial<ListenOptions> {
  readonly bound?: string;
  readonly plane?: string;
  readonly client?: ClientTls;
  /** What is done with a stream instead of sending the value. */
  readonly stream?: (wire: Duplex, send: () => void) => void;
}

/** A process that holds one value, and one that can fetch it. */
async function between(size: number, { bound, plane, client, stream, ...options }: Setting = {}) {
  const store = new ObjectStore();
  const bytes = bytesOf(size);
  await store.put(ID, bytes, undefined, bound);
  const source = { store, sent: new SentBytes() };
  const seen = { messages: 0, streams: 0 };
  const { heartbeat } = options;
  const server = await listen(
    { port: 0, ...options },
    {
      "/data": {
        roles: ["worker"],
        accept: (link) => {
          const counted: Transport = {
            ...link,
            onMessage: (listener) =>
              link.onMessage((message, attachment) => {
                if ("method" in message) seen.messages++;
                listener(message, attachment);
              }),
          };
          serveData(counted, source, 100);
        },
        stream: (wire, query) => {
          seen.streams++;
          const send = (): void => void sendValue(wire, query, source, heartbeat);
          if (stream) stream(wire, send);
          else send();
        },
      },
    },
  );
  const token = options.tokens?.worker;
  const data = new DataClient(() => ({ token, tls: client, heartbeat }), plane);
  onTestFinished(async () => {
    data.close();
    await server.close();
  });
  return { url: server.url, bytes, seen, source, fetch: () => data.value(server.url, ID) };
}

test.each([4 * PIECE, 5 * PIECE + 1, 20 * PIECE - 1])(
  "C97: a value of %i bytes comes as a stream behind its first piece",
  async (size) => {
    const { fetch, bytes, seen, source } = await between(size);
    const got = await fetch();
    expect(Buffer.compare(got, bytes)).toBe(0);
    expect(got.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(seen).toEqual({ messages: 1, streams: 1 });
    expect(source.sent.totals).toEqual({ "": size });
  },
);

test("C97: over TLS with certificates on both sides, and with a token", async () => {
  const authority = new Authority();
  const ca = authority.cert;
  const { fetch, bytes, seen } = await between(6 * PIECE, {
    tokens: { worker: "a-token" },
    tls: { ...authority.issue(), clientCa: ca },
    client: { ca, ...authority.issue() },
  });
  expect(Buffer.compare(await fetch(), bytes)).toBe(0);
  expect(seen).toEqual({ messages: 1, streams: 1 });
});

test("C97: bytes that changed on their way are an error, never a wrong value", async () => {
  const { fetch } = await between(6 * PIECE, {
    stream: (wire, send) => {
      const write = wire.write.bind(wire);
      wire.write = ((bytes: Uint8Array) => {
        if (bytes.length < PIECE) return write(bytes);
        const changed = bytes.slice();
        changed[77]! ^= 1;
        return write(changed);
      }) as typeof wire.write;
      send();
    },
  });
  expect(await failureOf(fetch())).toBeInstanceOf(ValueLostError);
});

test.each([
  ["refused", (wire: Duplex) => void wire.destroy()],
  [
    "cut in the middle of a piece",
    (wire: Duplex, send: () => void) => {
      let written = 0;
      const write = wire.write.bind(wire);
      wire.write = ((bytes: Uint8Array) => {
        written += bytes.length;
        if (written < 3 * PIECE) return write(bytes);
        const room = write(bytes.subarray(0, 1000));
        wire.end();
        return room;
      }) as typeof wire.write;
      send();
    },
  ],
])("C97: of a stream that is %s, what is missing comes in messages", async (_how, stream) => {
  const { fetch, bytes, seen } = await between(7 * PIECE, { stream });
  expect(Buffer.compare(await fetch(), bytes)).toBe(0);
  expect(seen.messages).toBeGreaterThan(1);
});

test("C97: a stream that falls silent is given up like a silent peer", async () => {
  const clock = new VirtualClock();
  const heartbeat: Heartbeat = { every: 5, deadAfter: 20, clock };
  const { fetch, bytes, seen } = await between(4 * PIECE, { heartbeat, stream: () => {} });
  const got = fetch();
  await expect.poll(() => seen.streams).toBe(1);
  for (let i = 0; i < 6; i++) {
    clock.advance(5);
    await new Promise((resolve) => setImmediate(resolve)); // pings of the link beside it are answered
  }
  expect(Buffer.compare(await got, bytes)).toBe(0);
});

test("C97: who asks for a stream and does not read it is given no more, and let go in the end", async () => {
  const clock = new VirtualClock();
  const wires: Duplex[] = [];
  const { url } = await between(60 * PIECE, {
    heartbeat: { every: 5, deadAfter: 20, clock },
    stream: (wire, send) => {
      wires.push(wire);
      send();
    },
  });
  const socket = connectTcp(Number(new URL(url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.pause();
  socket.write(
    `GET /data?${valueQuery(ID, 0, true, undefined)} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: graphvm-bytes\r\n\r\n`,
  );
  await expect.poll(() => wires[0]?.writableNeedDrain).toBe(true);
  expect(wires[0]!.writableLength).toBeLessThan(3 * PIECE);
  clock.advance(30);
  if (!wires[0]!.closed) await once(wires[0]!, "close");
});

test("C53: a bound value is streamed to its own plane alone", async () => {
  const home = await between(5 * PIECE, { bound: "eu", plane: "eu" });
  expect(Buffer.compare(await home.fetch(), home.bytes)).toBe(0);
  for (const plane of ["us", undefined, "", "eu ", "EU"]) {
    const socket = connectTcp(Number(new URL(home.url).port), "127.0.0.1");
    socket.write(
      `GET /data?${valueQuery(ID, 0, true, plane)} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: graphvm-bytes\r\n\r\n`,
    );
    let heard = "";
    socket.on("data", (data) => {
      heard += data.toString("latin1");
    });
    await once(socket, "close");
    expect(heard.split("\r\n\r\n")[1], `plane ${plane}`).toBe("");
  }
  expect(home.source.sent.totals).toEqual({ eu: 5 * PIECE });
});

test.each([
  ["no token", {}, "401"],
  ["another role's token", { authorization: "Bearer operators" }, "403"],
  ["a browser's origin", { authorization: "Bearer workers", origin: "http://localhost" }, "403"],
])("C61: %s opens no stream", async (_what, headers, status) => {
  const { url, seen } = await between(5 * PIECE, { tokens: { worker: "workers", operator: "operators" } });
  const socket = connectTcp(Number(new URL(url).port), "127.0.0.1");
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `GET /data?${valueQuery(ID, 0, true, undefined)} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: graphvm-bytes\r\n${lines.join("")}\r\n`,
  );
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString("latin1")).toContain(`HTTP/1.1 ${status} `);
  expect(seen.streams).toBe(0);
});
