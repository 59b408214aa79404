import { VirtualClock } from "@graphvm/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Channel, type Wire } from "../../dist/fabric/channel.js";
import { BadMessageError, PeerSilentError } from "../../dist/index.js";
import { seeded } from "../scheduler/world.js";

/** What a seeded wire does to each packet. */
interface Weather {
  readonly seed: number;
  /** Chances that a packet is lost, comes twice, or comes late. */
  readonly lose: number;
  readonly repeat: number;
  readonly delay: number;
  /** For how long at a time nothing passes, in seconds; both ends are told when it is over. */
  readonly outage: number;
}

/** What arrives at an end. */
class End {
  readonly frames: Buffer[] = [];
  /** Marks, each with how many frames came before. */
  readonly marks: [number: number, frames: number][] = [];
  over: { readonly reason: Error | undefined } | undefined;
  ends = 0;

  readonly events = {
    frame: (bytes: Buffer) => void this.frames.push(Buffer.from(bytes)),
    mark: (number: number) => void this.marks.push([number, this.frames.length]),
    over: (reason: Error | undefined) => {
      this.ends++;
      this.over = { reason };
    },
  };
}

/** Two channels with a wire between them that is as bad as the weather says. */
class Pair {
  readonly clock = new VirtualClock();
  readonly a = new End();
  readonly b = new End();
  readonly one: Channel;
  readonly other: Channel;
  readonly #random: ReturnType<typeof seeded>;
  readonly #weather: Weather;
  /** Whether nothing passes now. */
  out = false;
  /** The most bytes of one direction that were under way at once. */
  mostFlying = 0;

  constructor(weather: Weather, maxPacket = 64) {
    this.#weather = weather;
    this.#random = seeded(weather.seed);
    const wire = (to: () => Channel): Wire => ({
      maxPacket,
      publish: (packet) => this.#carry(Buffer.from(packet), to),
    });
    this.one = new Channel(
      wire(() => this.other),
      this.a.events,
      this.clock,
    );
    this.other = new Channel(
      wire(() => this.one),
      this.b.events,
      this.clock,
    );
  }

  /** Lets time pass in small steps, in good weather at the end, until both are over or it takes too long. */
  async settle(seconds = 60): Promise<void> {
    for (let t = 0; t < seconds && !(this.a.over && this.b.over); t += 0.05) {
      await new Promise((resolve) => setImmediate(resolve));
      if (t < 10) this.#shake();
      else if (this.out) this.#heal();
      this.clock.advance(0.05);
    }
  }

  #shake(): void {
    if (this.#weather.outage === 0) return;
    if (!this.out && this.#random.chance(0.02)) {
      this.out = true;
      this.clock.after(this.#weather.outage, () => this.#heal());
    }
  }

  #heal(): void {
    if (!this.out) return;
    this.out = false;
    this.one.resume();
    this.other.resume();
  }

  #carry(packet: Buffer, to: () => Channel): void {
    if (this.out) return;
    const { lose, repeat, delay } = this.#weather;
    // the weather clears up in the end: what is sent again for ever arrives
    const bad = this.clock.now() < 10;
    if (bad && this.#random.chance(lose)) return;
    const copies = bad && this.#random.chance(repeat) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const late = bad && this.#random.chance(delay) ? 0.001 + this.#random.int(300) / 1000 : 0.001;
      this.clock.after(late, () => to().take(packet));
    }
  }
}

const weathers = fc.record({
  seed: fc.nat(),
  lose: fc.constantFrom(0, 0.1, 0.4),
  repeat: fc.constantFrom(0, 0.3),
  delay: fc.constantFrom(0, 0.3),
  outage: fc.constantFrom(0, 0.7, 1.5),
});

/** What one side says: frames, and marks between them. */
const sayings = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x7fff_ffff }) },
  ),
  { maxLength: 60 },
);

function say(channel: Channel, saying: readonly (Uint8Array | number)[]): void {
  for (const each of saying) {
    if (typeof each === "number") channel.mark(each);
    else channel.write([each]);
  }
}

function expectHeard(end: End, saying: readonly (Uint8Array | number)[]): void {
  const frames = saying.filter((each) => typeof each !== "number");
  expect(end.frames.map((each) => each.toString("hex"))).toEqual(
    frames.map((each) => Buffer.from(each).toString("hex")),
  );
  const marks = saying.flatMap((each, i) =>
    typeof each === "number" ? [[each, saying.slice(0, i).filter((before) => typeof before !== "number").length]] : [],
  );
  expect(end.marks).toEqual(marks);
}

test("C106: over a wire that loses, repeats, reorders and stops all arrives in order and once, and the close behind it", async () => {
  await fc.assert(
    fc.asyncProperty(weathers, sayings, sayings, async (weather, first, second) => {
      const pair = new Pair(weather);
      say(pair.one, first);
      await pair.settle(2);
      say(pair.other, second);
      await pair.settle();
      expectHeard(pair.b, first);
      expectHeard(pair.a, second);
      const drained = pair.one.drained();
      pair.one.close();
      await pair.settle(10);
      await drained;
      expect([pair.a.over, pair.b.over]).toEqual([{ reason: undefined }, { reason: undefined }]);
      expect([pair.a.ends, pair.b.ends]).toEqual([1, 1]);
    }),
    { numRuns: 60 },
  );
});

test("C106: what was said right before the close arrives before it", async () => {
  await fc.assert(
    fc.asyncProperty(weathers, sayings, async (weather, saying) => {
      // a closed channel lingers for 3 s: a wire that is out for longer loses the end
      const pair = new Pair({ ...weather, lose: Math.min(weather.lose, 0.1), outage: 0 });
      say(pair.one, saying);
      pair.one.close();
      pair.one.write([Buffer.from("after the close")]);
      await pair.settle();
      expectHeard(pair.b, saying);
      expect(pair.b.over).toEqual({ reason: undefined });
    }),
    { numRuns: 60 },
  );
});

test("C106: what is under way is bounded; who waits to send goes on as it arrives, or when the channel is over", async () => {
  const MB = 1024 * 1024;
  const clock = new VirtualClock();
  let flying = 0;
  let most = 0;
  const acks: (() => void)[] = [];
  const far = new End();
  const receiver: Channel = new Channel(
    { maxPacket: MB, publish: (packet) => acks.push(() => sender.take(Buffer.from(packet))) },
    far.events,
    clock,
  );
  const near = new End();
  const packets: Buffer[] = [];
  const sender: Channel = new Channel(
    {
      maxPacket: MB,
      publish: (packet) => {
        packets.push(Buffer.from(packet));
        flying += packet.length;
        most = Math.max(most, flying);
      },
    },
    near.events,
    clock,
  );
  for (let i = 0; i < 40; i++) sender.write([Buffer.alloc(MB, i)]);
  let drained = false;
  void sender.drained().then(() => {
    drained = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(most).toBeLessThanOrEqual(9 * MB + 1000); // a window of 8 MB, and the packet that goes beyond it
  expect(drained).toBe(false);
  for (let turns = 0; far.frames.length < 40 && turns < 1000; turns++) {
    for (const packet of packets.splice(0)) {
      flying -= packet.length;
      receiver.take(packet);
    }
    for (const ack of acks.splice(0)) ack();
    clock.advance(0.05);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(far.frames.map((frame) => frame[0])).toEqual(Array.from({ length: 40 }, (_, i) => i));
  expect(most).toBeLessThanOrEqual(9 * MB + 1000);
  expect(drained).toBe(true);
  for (let i = 0; i < 40; i++) sender.write([Buffer.alloc(MB)]);
  const late = sender.drained();
  sender.fail(new Error("enough"));
  await late;
  expect(near.over?.reason).toMatchObject({ message: "enough" });
});

test("C106: where nobody listens the channel ends after 2 s, not before, and not where somebody was heard meanwhile", () => {
  const clock = new VirtualClock();
  const end = new End();
  let asked = 0;
  const channel: Channel = new Channel(
    {
      maxPacket: 64,
      publish: (_packet, asks) => {
        if (asks) asked++;
        if (asks && !quiet) channel.nobody();
      },
    },
    end.events,
    clock,
  );
  let quiet = false;
  clock.advance(1.5);
  expect(asked).toBeGreaterThan(0);
  quiet = true;
  channel.take(packetOf(2, 0, 0)); // an ack: somebody is there
  quiet = false;
  clock.advance(2.4);
  expect(end.over).toBeUndefined();
  clock.advance(1.2);
  expect(end.over?.reason).toBeInstanceOf(PeerSilentError);
  expect(clock.timers).toBe(0);
});

function packetOf(type: number, number: number, arrived: number, body: Uint8Array = new Uint8Array()): Buffer {
  const packet = Buffer.alloc(13 + body.length);
  packet[0] = type;
  packet.writeUIntBE(number, 1, 6);
  packet.writeUIntBE(arrived, 7, 6);
  packet.set(body, 13);
  return packet;
}

test("C107: whatever comes from the wire, `take` does not throw; the channel goes on or ends once, with an error", () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .tuple(fc.nat(8), fc.nat(3), fc.oneof(fc.nat(3), fc.constant(0xffff_ffff_ffff)), fc.uint8Array({ maxLength: 30 }))
      .map(([type, number, arrived, body]) => packetOf(type, number, arrived, body)),
  );
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 20 }), (packets) => {
      const clock = new VirtualClock();
      const end = new End();
      const channel = new Channel({ maxPacket: 64, publish: () => {} }, end.events, clock);
      channel.write([Buffer.alloc(200)]);
      for (const packet of packets) {
        channel.take(packet);
        clock.advance(0.1);
      }
      channel.close();
      clock.advance(10);
      expect(end.ends).toBe(1);
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["too short", Buffer.from([0, 1, 2])],
  ["of an unknown type", packetOf(17, 1, 0)],
  ["with a frame that is too long", packetOf(0, 1, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff]))],
])("C107: a packet %s ends the channel with an error", (_what, packet) => {
  const end = new End();
  const told: number[] = [];
  const channel = new Channel(
    { maxPacket: 64, publish: (bytes) => void told.push(bytes[0]!) },
    end.events,
    new VirtualClock(),
  );
  channel.take(packet);
  expect(end.over?.reason).toBeInstanceOf(BadMessageError);
  expect(told).toEqual([5]); // the other side hears that it failed
});
