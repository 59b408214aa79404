import { createRandom } from "@graphvm/engine";
import { expect, test } from "vitest";
import { pythonEnvironment } from "../dist/python/environment.js";
import { encodeFrame, type Frame, FrameReader } from "../dist/python/frames.js";
import { failure } from "./support.js";

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251);

function read(chunks: readonly Uint8Array[]): Frame[] {
  const found: Frame[] = [];
  const reader = new FrameReader((frame) => found.push(frame));
  for (const chunk of chunks) reader.add(chunk);
  return found;
}

test("P13: frames come out as they went in, however they are cut", () => {
  const sent = [
    { header: { a: 1 }, parts: [] },
    { header: { b: "é" }, parts: [bytes(0), bytes(1000), bytes(0)] },
    { header: {}, parts: [bytes(3)] },
  ];
  const whole = Buffer.concat(sent.flatMap(({ header, parts }) => encodeFrame(header, parts)));
  const random = createRandom(4);
  for (let round = 0; round < 200; round++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < whole.length; ) {
      const size = 1 + (random.uint32() % (round === 0 ? 1 : 700));
      chunks.push(whole.subarray(at, at + size));
      at += size;
    }
    const found = read(chunks);
    expect(found.map(({ header: { parts, ...rest } }) => rest)).toEqual(sent.map(({ header }) => header));
    expect(found.map(({ parts }) => parts)).toEqual(sent.map(({ parts }) => parts));
  }
});

test("P13: what is no frame, or too large, is refused before memory is taken", async () => {
  const framed = (header: string): Uint8Array => {
    const text = Buffer.from(header);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    return Buffer.concat([length, text]);
  };
  for (const bad of [
    Buffer.from("Hello, world"),
    framed("{"),
    framed("null"),
    framed('{"parts":[-1]}'),
    framed('{"parts":[1e12]}'),
  ]) {
    expect(await failure(() => read([bad]))).toMatchObject({ code: "GVM5066" });
  }
  const large = { length: 2_200_000_000 } as Uint8Array;
  expect(await failure(() => encodeFrame({}, [large]))).toMatchObject({
    code: "GVM5066",
    fields: { bytes: 2_200_000_000 },
  });
});

test("P14: Python gets what it needs to find itself, fixed settings, and no other variable", () => {
  const env = pythonEnvironment({
    PATH: "/bin",
    GRAPHVM_TOKEN: "secret",
    AWS_SECRET_ACCESS_KEY: "secret",
    TZ: "Asia/Tokyo",
  });
  expect(env).toMatchObject({ PATH: "/bin", PYTHONHASHSEED: "0", OMP_NUM_THREADS: "1", TZ: "UTC" });
  expect(JSON.stringify(env)).not.toContain("secret");
});
