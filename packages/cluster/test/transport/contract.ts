import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { MAX_ATTACHMENT, type Message, type Transport } from "../../dist/transport/transport.js";

/** Two ends of one link. */
export interface Link {
  readonly a: Transport;
  readonly b: Transport;
  /** Ends the link from outside, as a crash would. */
  readonly crash?: () => void;
  readonly release: () => Promise<void>;
}

const next = (link: Transport): Promise<Message> => new Promise((resolve) => link.onMessage(resolve));
const closed = (link: Transport): Promise<Error | undefined> => new Promise((resolve) => link.onClose(resolve));

/** Collects messages until there are so many. */
function collect(link: Transport, count: number): Promise<Message[]> {
  const all: Message[] = [];
  return new Promise((resolve) =>
    link.onMessage((message) => {
      if (all.push(message) === count) resolve(all);
    }),
  );
}

/** The promises written on `Transport`, held against one implementation. */
export function transportContract(name: string, open: () => Promise<Link>): void {
  const run = (what: string, work: (link: Link) => Promise<void>): void => {
    test(`C20: ${name}: ${what}`, async () => {
      const link = await open();
      try {
        await work(link);
      } finally {
        await link.release();
      }
    });
  };

  run("messages arrive whole, in order and once, in both directions", async ({ a, b }) => {
    const there = collect(b, 500);
    const back = collect(a, 500);
    for (let i = 0; i < 500; i++) {
      a.send({ i, text: "x".repeat(i) });
      b.send({ i: 500 + i });
    }
    expect((await there).map((each) => each.i)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect((await there).every((each) => (each.text as string).length === each.i)).toBe(true);
    expect((await back).map((each) => each.i)).toEqual(Array.from({ length: 500 }, (_, i) => 500 + i));
  });

  run("what arrives before there is a listener waits for it", async ({ a, b }) => {
    a.send({ n: 1 });
    a.send({ n: 2 });
    await pause(30);
    const all = collect(b, 3);
    a.send({ n: 3 });
    expect((await all).map((each) => each.n)).toEqual([1, 2, 3]);
  });

  run("sending neither delivers at once nor blocks", async ({ a, b }) => {
    let arrived = false;
    b.onMessage(() => {
      arrived = true;
    });
    a.send({ n: 1 });
    expect(arrived).toBe(false);
  });

  run("values keep their types, typed arrays and bytes in shared memory too", async ({ a, b }) => {
    const bytes = new Uint8Array(new SharedArrayBuffer(8));
    bytes.set([1, 2, 3], 2);
    const message = {
      nothing: null,
      missing: undefined,
      flags: [true, false],
      numbers: [
        0,
        -1,
        0.1,
        1e300,
        1_099_511_627_776,
        -1_099_511_627_776,
        Number.MAX_SAFE_INTEGER,
        Number.NaN,
        Number.POSITIVE_INFINITY,
      ],
      text: "é 😀 \u0000",
      nested: { list: [{ deep: [[]] }] },
      floats: Float64Array.of(1.5, -0, Number.NaN),
      middle: new Int16Array([1, 2, 3, 4]).subarray(1, 3),
      big: BigInt64Array.of(-5n),
      shared: bytes.subarray(2, 5),
      empty: new Uint8Array(0),
    };
    const arrived = next(b);
    a.send(message);
    const got = await arrived;
    expect({ ...got, shared: [...(got.shared as Uint8Array)], empty: 0 }).toEqual({
      ...message,
      shared: [1, 2, 3],
      empty: 0,
    });
    expect(Object.is((got.floats as Float64Array)[1], -0)).toBe(true);
    expect(got.middle).toBeInstanceOf(Int16Array);
    expect(got.shared).toBeInstanceOf(Uint8Array);
    expect((got.empty as Uint8Array).length).toBe(0);
  });

  run("an object of more than 65,536 members", async ({ a, b }) => {
    const members = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`m${i}`, i]));
    const arrived = next(b);
    a.send({ members });
    expect(Object.keys((await arrived).members as object)).toHaveLength(70_000);
  });

  run("messages of 5 MB, and one after them", async ({ a, b }) => {
    const numbers = Float64Array.from({ length: 655_360 }, (_, i) => i / 3);
    const text = "0123456789".repeat(524_288);
    const all = collect(b, 3);
    a.send({ numbers });
    a.send({ text });
    a.send({ last: true });
    const [first, second, third] = await all;
    expect(first!.numbers).toBeInstanceOf(Float64Array);
    expect(Buffer.compare(Buffer.from((first!.numbers as Float64Array).buffer), Buffer.from(numbers.buffer))).toBe(0);
    expect(second!.text === text).toBe(true);
    expect(third).toEqual({ last: true });
  });

  run(
    "bytes travel beside a message, in order with all others, up to 4 MB, empty ones and those in shared memory too",
    async ({ a, b }) => {
      const large = new Uint8Array(new SharedArrayBuffer(MAX_ATTACHMENT)).fill(7);
      const got: [unknown, number | undefined, number | undefined][] = [];
      const all = new Promise<void>((resolve) =>
        b.onMessage((message, bytes) => {
          if (got.push([message.n, bytes?.length, bytes?.at(-1)]) === 6) resolve();
        }),
      );
      a.send({ n: 1 });
      a.send({ n: 2 }, Uint8Array.of(1, 2, 3));
      a.send({ n: 3, text: "x".repeat(5_000_000) }, large);
      a.send({ n: 4 }, new Uint8Array(0));
      a.send({ n: 5 });
      a.send({ n: 6 }, large.subarray(1, 1000));
      await all;
      expect(got).toEqual([
        [1, undefined, undefined],
        [2, 3, 3],
        [3, MAX_ATTACHMENT, 7],
        [4, 0, undefined],
        [5, undefined, undefined],
        [6, 999, 7],
      ]);
    },
  );

  run("what arrived with its bytes before there was a listener waits with them", async ({ a, b }) => {
    a.send({ n: 1 }, Uint8Array.of(9));
    await pause(30);
    const got = new Promise<unknown>((resolve) => b.onMessage((message, bytes) => resolve([message.n, ...bytes!])));
    expect(await got).toEqual([1, 9]);
  });

  run("who sends much can wait until little is on its way; the end of the link ends the wait", async ({ a, b }) => {
    const part = new Uint8Array(MAX_ATTACHMENT);
    let arrived = 0;
    b.onMessage(() => arrived++);
    for (let i = 0; i < 12; i++) {
      await a.drained();
      a.send({ i }, part);
    }
    await a.drained();
    for (let i = 0; i < 12; i++) a.send({ i }, part);
    const waiting = a.drained();
    a.close();
    await Promise.all([waiting, closed(a), closed(b)]);
    await a.drained();
    expect(arrived).toBeGreaterThanOrEqual(9);
  });

  run("closing tells both sides once, without a reason, after the last message", async ({ a, b }) => {
    const events: string[] = [];
    b.onMessage((message) => events.push(String(message.n)));
    for (const [side, link] of [
      ["a", a],
      ["b", b],
    ] as const)
      link.onClose((reason) => events.push(`${side} closed ${reason === undefined}`));
    a.send({ n: 1 });
    a.send({ n: 2 });
    a.close();
    a.close();
    await Promise.all([closed(a), closed(b)]);
    await pause(20);
    expect(events.filter((each) => !each.startsWith("a "))).toEqual(["1", "2", "b closed true"]);
    expect(events.filter((each) => each.startsWith("a "))).toEqual(["a closed true"]);
  });

  run("what is sent on a closed link is dropped without an error", async ({ a, b }) => {
    let arrived = 0;
    b.onMessage(() => arrived++);
    a.close();
    a.send({ n: 1 });
    await Promise.all([closed(a), closed(b)]);
    a.send({ n: 2 });
    b.send({ n: 3 });
    b.close();
    await pause(20);
    expect(arrived).toBe(0);
  });

  run("asking for the end of a link that is closed is answered at once", async ({ a, b }) => {
    a.close();
    await Promise.all([closed(a), closed(b)]);
    let told = 0;
    a.onClose(() => told++);
    b.onClose(() => told++);
    expect(told).toBe(2);
  });

  run("a side that dies is noticed by the other", async ({ a, crash }) => {
    if (!crash) return;
    const over = closed(a);
    crash();
    await over;
  });
}
