import { METHOD_ROLES, PROTOCOL_VERSION, VERSION } from "@graphvm/cluster/internal";
import { numericsDigest } from "@graphvm/engine";
import type { Random } from "../random.js";

const ID = "0123456789abcdef".repeat(2);
const HASH = "0".repeat(64);
const refs = (n: unknown): unknown => ({ refs: [["fz", "leaf", [n]]], roots: [0] });

/** Params that each call of a master, of a worker's link and of a data peer would take, or nearly. */
const SAMPLES: { readonly [method: string]: unknown } = {
  hello: { protocol: PROTOCOL_VERSION, version: VERSION },
  load: { program: { name: "x", hash: HASH, code: "export const a = 1;" } },
  remoteEval: { program: { name: "x", hash: HASH, code: "export const a = 1;", map: "{}" } },
  addRules: { program: { name: "../../x", hash: HASH, code: "" } },
  jobDeps: { refs: refs(1), cut: ["fz.leaf"], noCopy: [] },
  dispatchJobs: { refs: refs(2), cut: ["fz.leaf"], noCopy: [], timeout: 1, retries: 1 },
  cancel: { force: true },
  wait: { brief: true },
  getData: { refs: refs(1) },
  graph: { fold: 10 },
  setRecording: { on: true },
  restart: { seed: 1, epoch: 1, roots: ["/"], inputs: { a: "/etc/passwd" } },
  calc: { refs: refs(3), cut: ["fz.leaf"], noCopy: [], until: "0123" },
  node: { name: "0123" },
  nodeDigests: { jobs: [ID] },
  nodeValue: { id: ID, job: ID },
  runAgain: { job: ID },
  recordingPiece: { file: 1, offset: 0 },
  placeInput: { sha256: HASH, offset: 0, bytes: new Uint8Array(10), last: true },
  value: { id: ID, piece: 0 },
  file: { sha256: HASH, offset: 0 },
  join: joinHello(),
};

/** What a worker says of itself. */
export function joinHello() {
  const version = { protocol: PROTOCOL_VERSION, version: VERSION, numerics: numericsDigest() };
  return { ...version, host: "ws://127.0.0.1:1", node: "v20.0.0" };
}

/** Calls that exist, and some that don't. */
export const METHODS: readonly string[] = [
  ...new Set([...Object.keys(METHOD_ROLES), ...Object.keys(SAMPLES), "__proto__", "constructor", "nothing", ""]),
];

/** Whether an auditor may make a call. */
export function isReading(method: string): boolean {
  return Object.hasOwn(METHOD_ROLES, method) && METHOD_ROLES[method]!.includes("auditor");
}

/** Things that are no params, or the wrong ones. */
export function junk(random: Random): unknown {
  const long = "x".repeat(random.below(50_000));
  return random.pick<() => unknown>([
    () => null,
    () => undefined,
    () => random.pick([-1, 0, 1e308, Number.NaN, Number.NEGATIVE_INFINITY, 9_007_199_254_740_992, 0.5, -0]),
    () => random.pick(["", "\0", "__proto__", "../../../../etc/passwd", "file:///etc/passwd", "\ud800", long]),
    () =>
      random.pick<unknown>([[], {}, [[]], { __proto__: null }, { constructor: 1 }, new Date(Number.NaN), 1n << 60n]),
    () => random.pick<unknown>([new Uint8Array(random.below(1000)), new Float64Array(3), true]),
    () => ({ $closed: ["(x) => x", random.pick([[], ["fz"], ["nope"], 1])] }),
    () => ({ $ref: random.pick([-1, 0, 1, 1e9, "0"]) }),
    () => ({ $typed: [random.pick(["Float64Array", "Function", "__proto__"]), long] }),
    () => ({ $bigint: "9".repeat(random.below(5000)) }),
    () => nested(random.below(3000), random.below(2) === 0),
    () => Array.from({ length: random.below(20_000) }, (_, i) => i),
    () => refs(random.below(5)),
  ])();
}

function nested(depth: number, arrays: boolean): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = arrays ? [value] : { a: value };
  return value;
}

/** A value with something of it replaced, removed or added. */
export function mutated(random: Random, value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null || depth > 5 || random.below(4) === 0) return junk(random);
  if (Array.isArray(value)) {
    const items = [...value] as unknown[];
    const at = random.below(items.length + 1);
    items[at] = at < items.length ? mutated(random, items[at], depth + 1) : junk(random);
    return items;
  }
  const object = { ...(value as { [key: string]: unknown }) };
  const keys = Object.keys(object);
  const key = keys.length > 0 && random.below(5) > 0 ? random.pick(keys) : random.pick(["more", "__proto__", "$x"]);
  if (random.below(6) === 0) delete object[key];
  else
    Object.defineProperty(object, key, {
      value: mutated(random, object[key], depth + 1),
      enumerable: true,
      configurable: true,
    });
  return object;
}

/** Params for a call: right ones now and then, mostly not. What would end the cluster is never right. */
export function paramsOf(random: Random, method: string): unknown {
  if (method === "endCluster") return { not: junk(random) };
  const sample = SAMPLES[method] ?? {};
  return random.below(5) === 0 ? sample : mutated(random, sample);
}

/** An envelope: a call, an answer or an event, or none of them. */
export function envelope(random: Random, call: number): { readonly message: unknown; readonly method: string } {
  const method = random.pick(METHODS);
  const params = paramsOf(random, method);
  const id = random.below(10) === 0 ? random.pick<unknown>([-1, Number.NaN, "1", null, call - 1, 1e18]) : call;
  const message = random.pick<unknown>([
    ...Array.from({ length: 8 }, () => ({ call: id, method, params })),
    { answer: id, result: params },
    { answer: id, error: mutated(random, { code: "GVM1", name: "x", message: "y", fields: {} }) },
    { event: random.pick(["died", "progress", "plane", "abort", "usage", method]), data: params },
    mutated(random, { call: id, method, params }),
  ]);
  return { message, method: (message as { method?: unknown })?.method === method ? method : "" };
}
