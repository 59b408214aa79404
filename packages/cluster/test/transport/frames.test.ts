import { BadMessageError } from "@graphvm/cluster";
import { Packr } from "msgpackr";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { checkMessage, MAX_DEPTH } from "../../dist/transport/check-message.js";
import { MAX_ATTACHMENT } from "../../dist/transport/transport.js";
import { seeded } from "../scheduler/world.js";
import { openSocket } from "./links.js";

const packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: true });
const last = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.of(0), bytes]);
const nested = (depth: number): Uint8Array => Buffer.concat([Buffer.alloc(depth, 0x91), Buffer.of(0xc0)]);

/** What a link says when a stranger sends that. */
async function refusal(send: (client: WebSocket) => void, limit?: number): Promise<Error | undefined> {
  const { client, server, release } = await openSocket(limit);
  try {
    let delivered = 0;
    server.onMessage(() => delivered++);
    const over = new Promise<Error | undefined>((resolve) => server.onClose(resolve));
    client.on("error", () => {});
    send(client);
    const reason = await over;
    expect(delivered).toBe(0);
    return reason;
  } finally {
    await release();
  }
}

const MALFORMED: { readonly [what: string]: Uint8Array | string } = {
  "a text frame": "hello",
  "an empty frame": new Uint8Array(0),
  "an unknown kind of frame": Buffer.of(3, 0x80),
  "no message in the frame": Buffer.of(0),
  "a number": last(packr.pack(5)),
  "an array": last(packr.pack([1])),
  null: last(packr.pack(null)),
  "a truncated map": last(packr.pack({ call: 1, method: "status", params: {} }).subarray(0, 9)),
  "bytes left over": last(Buffer.concat([packr.pack({}), Buffer.of(1)])),
  "a byte that begins nothing": last(Buffer.of(0x81, 0xa1, 0x61, 0xc1)),
  "an array that says it has 4,294,967,295 items": last(Buffer.from("81a161ddffffffff", "hex")),
  "arrays of 16 million items in each other": last(Buffer.from(`81a161${"dd00ffffff".repeat(100)}`, "hex")),
  "a map that says it has 4,294,967,295 entries": last(Buffer.from("dfffffffff", "hex")),
  "text that says it has 4 GB": last(Buffer.from("81a161dbffffffff61", "hex")),
  "an extension of another kind": last(packr.pack({ a: new Set([1]) })),
  "a record definition": last(Buffer.from("d47240", "hex")),
  "a million levels": last(nested(1_000_000)),
  "one level too many": last(Buffer.concat([Buffer.from("81a161", "hex"), nested(MAX_DEPTH)])),
};

test.each(Object.entries(MALFORMED))("C21: %s ends the link and nothing else", async (_what, frame) => {
  expect(await refusal((client) => client.send(frame))).toBeInstanceOf(BadMessageError);
});

test("C21: a message over the limit ends the link before it is whole, in one frame or many", async () => {
  const big = Buffer.alloc(1200);
  expect(await refusal((client) => client.send(last(packr.pack({ big }))), 1000)).toBeInstanceOf(BadMessageError);
  const piece = Buffer.concat([Buffer.of(1), Buffer.alloc(400)]);
  const many = (client: WebSocket): void => {
    for (let i = 0; i < 3; i++) client.send(piece);
  };
  expect(await refusal(many, 1000)).toBeInstanceOf(BadMessageError);
});

test("C21: an attachment over its limit, or a text in its place, ends the link; so does what is no message before it", async () => {
  const attached = Buffer.concat([Buffer.of(2), packr.pack({ a: 1 })]);
  const after = (frame: Uint8Array | string) => (client: WebSocket) => {
    client.send(attached);
    client.send(frame);
  };
  expect(await refusal(after(Buffer.alloc(MAX_ATTACHMENT + 1)))).toBeInstanceOf(BadMessageError);
  expect(await refusal(after("text"))).toBeInstanceOf(BadMessageError);
  expect(
    await refusal((client) => {
      client.send(Buffer.of(2, 0xc1));
      client.send(Buffer.alloc(3));
    }),
  ).toBeInstanceOf(BadMessageError);
});

test("C21: as deep as params may nest still passes", () => {
  expect(() => checkMessage(nested(MAX_DEPTH))).not.toThrow();
  expect(() => checkMessage(nested(MAX_DEPTH + 1))).toThrow(/deeper/);
});

test("C21: every message we write passes, and no shorter part of it", () => {
  const values: unknown[] = [
    {},
    { a: null, b: undefined, c: true, d: [false] },
    {
      a: 0,
      b: 127,
      c: 128,
      d: 65_536,
      e: 4_294_967_296,
      f: -1,
      g: -33,
      h: -129,
      i: -32_769,
      j: -2_147_483_649,
      k: 0.5,
      l: 1e300,
    },
    { short: "a", long: "b".repeat(40), longer: "c".repeat(300), longest: "d".repeat(70_000) },
    { bytes: new Uint8Array(3), more: new Uint8Array(300), most: new Uint8Array(70_000), buffer: Buffer.alloc(5) },
    { f: new Float64Array(1), g: new Float64Array(40), h: new Int8Array(70_000), i: new BigInt64Array(2) },
    { list: Array.from({ length: 20 }, (_, i) => i), longer: Array.from({ length: 70_000 }, () => 0) },
    Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`key${i}`, i])),
    { when: new Date(5), huge: 1n << 70n },
  ];
  for (const value of values) {
    const bytes = packr.pack(value);
    expect(() => checkMessage(bytes)).not.toThrow();
    const cuts = bytes.length < 500 ? bytes.length : 50;
    for (let i = 0; i < cuts; i++) {
      const length = cuts === bytes.length ? i : Math.floor((bytes.length * i) / cuts);
      expect(() => checkMessage(bytes.subarray(0, length))).toThrow(RangeError);
    }
  }
});

test("C21: whatever bytes come, checking says yes or RangeError, and what passes is decoded in bounded memory", () => {
  const random = seeded(1);
  const sample = packr.pack({
    call: 1,
    method: "run",
    params: { id: "ab", list: [1, 2.5, "x", { deep: [null] }], f: new Float64Array(3) },
  });
  let passed = 0;
  for (let run = 0; run < 20_000; run++) {
    const bytes = Buffer.from(sample);
    for (let flips = 1 + random.int(4); flips > 0; flips--) bytes[random.int(bytes.length)] = random.int(256);
    try {
      checkMessage(bytes);
      passed++;
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      continue;
    }
    try {
      packr.unpack(bytes);
    } catch {
      // the decoder may refuse more, such as bytes that are no text
    }
  }
  expect(passed).toBeGreaterThan(100);
});
