import { createHash } from "node:crypto";
import { ValueLostError } from "@graphvm/cluster";
import { brokenTransport } from "@graphvm/testing";
import { expect, test } from "vitest";
import { Peer } from "../../dist/rpc/peer.js";
import { serveData } from "../../dist/store/data-methods.js";
import { ObjectStore } from "../../dist/store/object-store.js";
import { gather, PIECE, type Piece } from "../../dist/store/pieces.js";
import { SentBytes } from "../../dist/store/sent-bytes.js";
import { memoryLink } from "../../dist/transport/memory.js";
import type { Transport } from "../../dist/transport/transport.js";
import { failureOf } from "../helpers.js";

const ID = "ab".repeat(16);
const bytesOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 9)) % 256);

/** A holder of one value, and how to ask it for pieces. */
async function holder(bytes: Uint8Array, faulty: (link: Transport) => Transport = (link) => link) {
  const store = new ObjectStore();
  await store.put(ID, bytes);
  const [here, there] = memoryLink();
  const served = faulty(there);
  serveData(served, { store, sent: new SentBytes() }, 100);
  const peer = new Peer(here, {}, "holder");
  return (piece: number) => peer.call<Piece>("value", { id: ID, piece });
}

test.each([0, 1, 1000, 40_000, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE, 7 * PIECE + 3])(
  "C93: a value of %i bytes arrives whole, large ones in shared memory",
  async (size) => {
    const bytes = bytesOf(size);
    const got = await gather(ID, await holder(bytes));
    expect(Buffer.compare(got, bytes)).toBe(0);
    expect(got.buffer instanceof SharedArrayBuffer).toBe(size >= 16 * 1024);
  },
);

test.each([1000, 3 * PIECE])(
  "C93: a value of %i bytes that changed on its way is an error, never a wrong value",
  async (size) => {
    const flip = (bytes: Uint8Array): Uint8Array => {
      const copy = bytes.slice();
      copy[copy.length >> 1]! ^= 1;
      return copy;
    };
    const ask = await holder(bytesOf(size), (link) => brokenTransport(link, { changeBytes: flip }));
    expect(await failureOf(gather(ID, ask))).toBeInstanceOf(ValueLostError);
    const cut = await holder(bytesOf(size), (link) =>
      brokenTransport(link, { changeBytes: (bytes) => bytes.subarray(1) }),
    );
    expect(await failureOf(gather(ID, cut))).toBeInstanceOf(ValueLostError);
  },
);

test("C93: few pieces are under way at once, in whatever order their answers come", async () => {
  const bytes = bytesOf(9 * PIECE + 7);
  let open = 0;
  let most = 0;
  const waiting: (() => void)[] = [];
  const got = gather(ID, async (piece) => {
    most = Math.max(most, ++open);
    await new Promise<void>((resolve) => waiting.push(resolve));
    open--;
    const part = bytes.subarray(piece * PIECE, (piece + 1) * PIECE);
    return { bytes: part, hash: createHash("sha256").update(part).digest("hex"), size: bytes.length };
  });
  const answers = setInterval(() => waiting.pop()?.(), 0);
  expect(Buffer.compare(await got, bytes)).toBe(0);
  clearInterval(answers);
  expect(most).toBe(4);
});

test("C93: a holder that says another size in the middle is not believed", async () => {
  const part = bytesOf(PIECE);
  const hash = createHash("sha256").update(part).digest("hex");
  const ask = async (piece: number): Promise<Piece> => ({ bytes: part, hash, size: (piece === 0 ? 3 : 4) * PIECE });
  expect(await failureOf(gather(ID, ask))).toBeInstanceOf(ValueLostError);
});

test("C93: whoever does not read what it asked for is given no more until it does", async () => {
  const store = new ObjectStore();
  await store.put(ID, bytesOf(6 * PIECE));
  const [here, there] = memoryLink();
  let drain: () => void = () => {};
  const full = new Promise<void>((resolve) => {
    drain = resolve;
  });
  let sent = 0;
  const slow: Transport = {
    ...there,
    onMessage: (listener) => there.onMessage(listener),
    drained: () => (sent < 2 ? Promise.resolve() : full),
    send: (message, attachment) => {
      sent++;
      there.send(message, attachment);
    },
  };
  serveData(slow, { store, sent: new SentBytes() }, 100);
  const peer = new Peer(here, {}, "holder");
  const first = await peer.call<Piece>("value", { id: ID, piece: 0 });
  await peer.call("value", { id: ID, piece: 1 });
  const more = [2, 3, 4, 5].map((piece) => peer.call<Piece>("value", { id: ID, piece }));
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toBe(2);
  drain();
  expect((await Promise.all(more)).map(({ bytes }) => bytes.length)).toEqual([PIECE, PIECE, PIECE, PIECE]);
  expect(first.size).toBe(6 * PIECE);
});
