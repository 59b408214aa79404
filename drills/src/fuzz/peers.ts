import { once } from "node:events";
import { Packr } from "msgpackr";
import { WebSocket } from "ws";
import type { Random } from "../random.js";
import { FuzzFailure } from "./failure.js";
import { envelope, isReading, joinHello, junk, mutated } from "./messages.js";
import type { Target } from "./target.js";

const packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: true, int64AsType: "number" });
const LAST = 0;
const MORE = 1;
/** Behind such a frame raw bytes are to come. */
const ATTACHED = 2;

/** Who attacks: a path, and the token that opens it. */
const DOORS = [
  { path: "/", role: "operator" },
  { path: "/", role: "auditor" },
  { path: "/worker", role: "worker" },
  { path: "/data", role: "worker" },
] as const;
type Door = (typeof DOORS)[number];

type Note = (what: string) => void;

/** Somebody who was let in and sends what nobody should. */
export async function peer(target: Target, random: Random, note: Note): Promise<void> {
  const door = random.pick(DOORS);
  const token = target.tokens[door.role];
  const known = target.tokens.operator !== undefined;
  if (!known && door.role === "auditor") return; // there are none without tokens
  const socket = await open(target, door.path, token);
  try {
    await random.pick([garbage, envelopes, envelopes, envelopes, lyingWorker])(socket, { target, door, random, note });
  } finally {
    socket.terminate();
  }
}

interface Attack {
  readonly target: Target;
  readonly door: Door;
  readonly random: Random;
  readonly note: Note;
}

async function open({ url }: Target, path: string, token: string | undefined): Promise<WebSocket> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`${url}${path}`, { headers, perMessageDeflate: false });
  socket.on("error", () => {});
  await once(socket, "open");
  return socket;
}

/** Frames that are no messages: random, cut, flipped, unfinished, too large, or no frames of ours at all. */
async function garbage(socket: WebSocket, { door, random, note }: Attack): Promise<void> {
  for (let i = 1 + random.below(4); i > 0; i--) {
    const valid = packed(envelope(random, i).message as object);
    const kind = random.below(8);
    note(`${door.role} at ${door.path}: garbage of kind ${kind}`);
    if (kind === 0) socket.send(bytes(random, random.below(5000)));
    else if (kind === 1) socket.send(valid.subarray(0, random.below(valid.length)));
    else if (kind === 2) socket.send(flipped(random, valid));
    else if (kind === 3) socket.send("text");
    else if (kind === 4)
      for (let n = 0; n < 40; n++) socket.send(frame(bytes(random, 100), random.pick([MORE, ATTACHED, 3])));
    else if (kind === 5) socket.send(Buffer.alloc(random.pick([1, 300_000, 9_000_000])));
    // a list that says it has four thousand million items
    else if (kind === 6)
      socket.send(Buffer.from([LAST, random.pick([0xdd, 0xdf, 0xc6, 0xdb]), 0xff, 0xff, 0xff, 0xff]));
    else socket.send(frame(Buffer.alloc(100_000, random.pick([0x91, 0x81, 0xc7]))));
  }
  await quiet(socket);
}

/** Messages of the right form that say the wrong things, in the wrong order. */
async function envelopes(socket: WebSocket, { target, door, random, note }: Attack): Promise<void> {
  const asked = new Map<unknown, string>();
  let broken: string | undefined;
  socket.on("message", (data: Buffer) => {
    if (data[0] !== LAST || door.role !== "auditor" || target.tokens.auditor === undefined) return;
    const said = unpacked(data.subarray(1)) as { answer?: unknown; result?: unknown };
    const method = asked.get(said.answer);
    if ("result" in said && method !== undefined && !isReading(method)) broken = method;
  });
  for (let call = 1; call <= 1 + random.below(12); call++) {
    const { message, method } = envelope(random, call);
    note(`${door.role} at ${door.path}: ${brief(message)}`);
    const id = (message as { call?: unknown } | null | undefined)?.call;
    if (method !== "" && !asked.has(id)) asked.set(id, method);
    else asked.set(id, "hello");
    socket.send(packed(message as object));
  }
  await quiet(socket);
  if (broken !== undefined) throw new FuzzFailure(`an auditor was answered ${broken}`);
}

/** A worker that joins as it should, and then lies about everything it is asked. */
async function lyingWorker(_socket: WebSocket, { target, random, note }: Attack): Promise<void> {
  const worker = await open(target, "/worker", target.tokens.worker);
  const operator = await open(target, "/", target.tokens.operator);
  worker.on("message", (data: Buffer) => {
    const said = unpacked(data.subarray(1)) as { call?: number; method?: string };
    if (said.call === undefined) return;
    const told = said.method === "clear" || said.method === "configure" || said.method === "load";
    const result = told && random.below(10) > 0 ? null : lie(random);
    note(`lying worker: ${said.method} is answered ${brief(result)}`);
    worker.send(packed({ answer: said.call, result }));
  });
  worker.send(packed({ call: 1, method: "join", params: joinHello() }));
  await quiet(worker, 20);
  // nobody else asks for these nodes: what the lies do to them is the liar's own affair
  const refs = Array.from({ length: 6 }, () => ["fz", "leaf", [`lie ${random.next()}`]]);
  const params = { refs: { refs, roots: refs.map((_, i) => i) }, cut: [], noCopy: [] };
  operator.send(packed({ call: 1, method: "dispatchJobs", params }));
  await quiet(operator);
  worker.terminate();
  operator.terminate();
}

function lie(random: Random): unknown {
  return random.pick<() => unknown>([
    () => mutated(random, { digest: "0".repeat(64), size: 10 }),
    () => ({ digest: "zz", size: -1 }),
    () => ({ digest: "0".repeat(64), size: -5 }),
    () => ({ digest: "0".repeat(64), size: Number.POSITIVE_INFINITY }),
    () => ({ missing: ["not an id", "0".repeat(32)], host: "ws://127.0.0.1:1" }),
    () => ({ missing: "x", host: 5 }),
    () => junk(random),
  ])();
}

function frame(body: Buffer, kind = LAST): Buffer {
  return Buffer.concat([Buffer.from([kind]), body]);
}

/** A message as a frame; nothing, where it can't be packed at all. */
function packed(message: object): Buffer {
  try {
    return frame(packr.pack(message));
  } catch {
    return frame(Buffer.alloc(0));
  }
}

function unpacked(body: Buffer): object {
  try {
    return (packr.unpack(body) as object | null) ?? {};
  } catch {
    return {};
  }
}

function bytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}

function flipped(random: Random, frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  for (let i = 1 + random.below(5); i > 0; i--) copy[random.below(copy.length)] = random.below(256);
  return copy;
}

function brief(message: unknown): string {
  try {
    return (
      JSON.stringify(message, (_key, value) => (typeof value === "bigint" ? `${value}n` : (value as unknown))) ??
      "undefined"
    ).slice(0, 200);
  } catch {
    return "something that nests very deep";
  }
}

/** Waits until the other side hangs up or says nothing for a while. */
function quiet(socket: WebSocket, milliseconds = 40): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    socket.on("message", () => timer.refresh());
    socket.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
