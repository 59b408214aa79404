// npm run bench:fabric [-- --rounds 5] [--queued 100000] [--workers 200] [--json]
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { FabricOptions } from "@graphvm/cluster";
import { type Nats, startNats } from "@graphvm/testing";
import { FabricBench } from "./fabric-work.js";
import { median, quantile } from "./report.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    queued: { type: "string", default: "0" },
    workers: { type: "string", default: "0" },
    json: { type: "boolean", default: false },
  },
});
const [rounds, queued, workers] = [values.rounds, values.queued, values.workers].map(Number) as [
  number,
  number,
  number,
];

const JOBS = 10_000;
const SINGLES = 100;
const BYTES = 100_000_000;
/** What is measured at each of several sizes. */
const JOB_SIZES = [1000, 10_000, 100_000];
const WORKER_SIZES = [2, 10, 50, 100, 200];
const BYTE_SIZES = [1e6, 1e7, 1e8, 4e8];

/** Where a cluster's parts meet. */
interface Place {
  readonly name: string;
  readonly nats?: Nats;
}

/** A figure, at each place. */
interface Row {
  readonly name: string;
  readonly unit: string;
  readonly figures: { readonly [place: string]: number };
}

/** Seconds at each size, at each place. */
export interface Curve {
  readonly by: "jobs" | "workers" | "bytes";
  readonly seconds: { readonly [place: string]: readonly (readonly [size: number, seconds: number])[] };
}

/** With --json what is printed is JSON alone, and the way there goes to stderr. */
const say = values.json ? console.error : console.log;
let clusters = 0;

function fabricOf({ nats }: Place): FabricOptions | undefined {
  return nats && { servers: nats.url, cluster: `bench${clusters++}` };
}

/** Lets clusters of all places take turns: a warm round, then those that count. */
async function inTurn(
  places: readonly Place[],
  count: number,
  round: (bench: FabricBench) => Promise<number[]>,
): Promise<Map<string, number[]>> {
  const turns: { name: string; bench: FabricBench; taken: number[] }[] = [];
  try {
    for (const place of places)
      turns.push({ name: place.name, bench: await FabricBench.start(count, fabricOf(place)), taken: [] });
    for (const { bench } of turns) await round(bench);
    for (let i = 0; i < rounds; i++) for (const { bench, taken } of turns) taken.push(...(await round(bench)));
  } finally {
    for (const { bench } of turns) await bench.close();
  }
  return new Map(turns.map(({ name, taken }) => [name, taken]));
}

function row(name: string, unit: string, taken: Map<string, number[]>, figure: (seconds: number[]) => number): Row {
  const figures = Object.fromEntries([...taken].map(([place, seconds]) => [place, figure(seconds)]));
  const [first, ...others] = Object.entries(figures);
  const beside = others.map(([place, value]) => `${place} ${text(value)} (${(value / first![1]).toFixed(2)} x)`);
  say(`${name}: ${first![0]} ${text(first![1])} ${unit}; ${beside.join("; ")}`);
  return { name, unit, figures };
}

function text(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toFixed(2);
}

async function rows(places: readonly Place[]): Promise<Row[]> {
  const jobs = await inTurn(places, 3, async (bench) => [await bench.jobs(JOBS)]);
  const single = await inTurn(places, 3, async (bench) => {
    const taken: number[] = [];
    for (let i = 0; i < SINGLES; i++) taken.push(await bench.single());
    return taken;
  });
  const transfer = await inTurn(places, 2, async (bench) => [await bench.transfer(BYTES)]);
  return [
    row("10,000 jobs", "jobs/s", jobs, (seconds) => JOBS / median(seconds)),
    row("one job, p50", "ms", single, (seconds) => 1000 * quantile(0.5)(seconds)),
    row("one job, p99", "ms", single, (seconds) => 1000 * quantile(0.99)(seconds)),
    row("100 MB table to result", "MB/s", transfer, (seconds) => BYTES / 1e6 / median(seconds)),
  ];
}

/** The best of three turns at each size, or of one where that is long: growth is looked for, not noise. */
async function curve(
  by: Curve["by"],
  places: readonly Place[],
  sizes: readonly number[],
  measure: (place: Place, size: number) => Promise<number>,
): Promise<Curve> {
  const seconds: { [place: string]: [number, number][] } = Object.fromEntries(places.map(({ name }) => [name, []]));
  for (const size of sizes) {
    for (const place of places) {
      const took = await measure(place, size);
      seconds[place.name]!.push([size, took]);
      say(`${size.toLocaleString("en-US")} ${by}, ${place.name}: ${took.toFixed(3)} s`);
    }
  }
  return { by, seconds };
}

/** @param times Turns on the same cluster, of which the fastest counts. */
async function best(
  place: Place,
  count: number,
  times: number,
  round: (bench: FabricBench) => Promise<number>,
): Promise<number> {
  const bench = await FabricBench.start(count, fabricOf(place));
  try {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < times; i++) least = Math.min(least, await round(bench));
    return least;
  } finally {
    await bench.close();
  }
}

async function curves(places: readonly Place[]): Promise<Curve[]> {
  const upTo = (sizes: readonly number[], most: number): number[] => [
    ...sizes.filter((size) => size < most),
    ...(most > 0 ? [most] : []),
  ];
  const all: Curve[] = [];
  if (queued > 0) {
    const sizes = upTo(JOB_SIZES, queued);
    all.push(
      await curve("jobs", places, sizes, (place, size) => best(place, 3, size > JOBS ? 1 : 3, (b) => b.jobs(size))),
    );
    all.push(await curve("bytes", places, BYTE_SIZES, (place, size) => best(place, 2, 3, (b) => b.transfer(size))));
  }
  if (workers > 0) {
    const sizes = upTo(WORKER_SIZES, workers);
    all.push(await curve("workers", places, sizes, (place, size) => best(place, size, 2, (b) => b.jobs(JOBS))));
  }
  return all;
}

const load = (): string => loadavg()[0]!.toFixed(1);
const before = load();
const one = await startNats({ servers: 1 });
const three = await startNats({ servers: 3 });
try {
  const places: Place[] = [
    { name: "WebSocket" },
    { name: "NATS, one server", nats: one },
    { name: "NATS, three servers", nats: three },
  ];
  const { version } = await three.servers[0]!.monitor.varz();
  const figures = rounds > 0 ? await rows(places) : [];
  const grown = await curves([places[0]!, places[2]!]);
  const machine = { cores: cpus().length, model: cpus()[0]!.model, nats: version, node: process.version };
  if (values.json) console.log(JSON.stringify({ machine, load: [before, load()], rows: figures, curves: grown }));
  else say(`${rounds} rounds in turn; ${machine.cores} cores, NATS ${version}; load before ${before}, after ${load()}`);
} finally {
  await one[Symbol.asyncDispose]();
  await three[Symbol.asyncDispose]();
}
process.exit(0);
