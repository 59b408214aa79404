// npm run bench:cluster [-- --json] [--rounds N] [--only jobs,latency,transfer,value]
import { cpus, loadavg } from "node:os";
import { type Peer, type Round, startBytes, startCluster, startDask } from "./cluster-peers.js";
import { startTransfer, TRANSFER_BYTES } from "./cluster-transfer.js";
import { startEcho } from "./cluster-wake.js";
import { BYTES, JOBS, type Measure, type Place, startMeasured } from "./cluster-work.js";
import { type BenchResult, median, quantile, report } from "./report.js";

/** One figure out of what was measured. */
interface Row {
  readonly name: string;
  readonly n: number;
  /** The seconds that stand for the row. */
  readonly figure: (seconds: readonly number[]) => number;
  /** The figure as one reads it. */
  readonly say: (seconds: number) => string;
}

const ms = (seconds: number): string => `${(seconds * 1000).toFixed(2)} ms`;
const thousands = (value: number): string => Math.round(value).toLocaleString("en-US");
const rate = (bytes: number) => (seconds: number) => `${thousands(bytes / 1e6 / seconds)} MB/s`;

const ROWS: { readonly [measure in Measure]: readonly Row[] } = {
  jobs: [{ name: "10,000 jobs", n: JOBS, figure: median, say: (s) => `${thousands(JOBS / s)} jobs/s` }],
  latency: [
    { name: "one job, p50", n: 1, figure: quantile(0.5), say: ms },
    { name: "one job, p99", n: 1, figure: quantile(0.99), say: ms },
  ],
  // from the ref of a job that needs two tables to its value: planning, the way of one table, and its digest included
  transfer: [{ name: "100 MB table to result", n: BYTES, figure: median, say: rate(BYTES) }],
  // from the ref of a job that makes them to the client, digest and encoding included
  value: [{ name: "100 MB of bytes to the client", n: BYTES, figure: median, say: rate(BYTES) }],
};

/** Bytes as they are, from process to process. Nothing of Dask's is like it: its table's way is beside it. */
const BARE: Row = { name: "100 MB of bytes", n: TRANSFER_BYTES, figure: median, say: rate(TRANSFER_BYTES) };

/** Of such hops, each waking a thread that sleeps, a job on a thread has four and one in another process six. */
const HOPS: Row = { name: "an empty message, p50", n: 1, figure: quantile(0.5), say: ms };

/** All rounds of one who is measured. */
interface Taken {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly seconds: number[];
  last?: Round;
}

/** Lets all of them take turns. */
async function takeTurns(
  peers: readonly { readonly taken: Taken; round(): Promise<Round> }[],
  rounds: number,
): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    for (const { taken, round } of peers) {
      taken.last = await round();
      taken.seconds.push(...taken.last.seconds);
    }
  }
}

async function measureAll(measures: readonly Measure[], rounds: number): Promise<Taken[]> {
  const dask = await startDask();
  const all: Taken[] = [];
  for (const measure of measures) {
    const ends: Peer[] = [];
    const turns: { taken: Taken; round(): Promise<Round> }[] = [];
    const add = (name: string, rows: readonly Row[], peer: Peer, own = true): void => {
      if (own) ends.push(peer);
      turns.push({ taken: { name, rows, seconds: [] }, round: () => peer.round(measure) });
    };
    for (const place of ["threads", "sockets"] as const) add(place, ROWS[measure], await startCluster(place, measure));
    if (measure === "transfer") {
      add("sockets, sha-256 checked", [BARE], await startBytes(true));
      add("sockets, unchecked", [BARE], await startBytes(false));
    }
    if (measure === "latency") add("to a thread and back", [HOPS], startEcho());
    if (dask) add("Dask", ROWS[measure], dask, false);
    await takeTurns(turns, rounds);
    for (const peer of ends) peer.end();
    all.push(...turns.map(({ taken }) => taken));
  }
  dask?.end();
  return all;
}

/** What a thread's table cost besides time. */
function sharing({ name, rows, last }: Taken): string {
  if (name !== "threads" || rows !== ROWS.transfer || last?.held === undefined) return "";
  return `, ${last.moved} bytes copied: ${thousands(last.held / 1e6)} MB are held for two tables of ${thousands(BYTES / 1e6)} MB, and both threads read them where they lie`;
}

function lines(taken: Taken, all: readonly Taken[]): { result: BenchResult; line: string }[] {
  const { name, rows, seconds, last } = taken;
  const peer = all.find((each) => each.name === "Dask" && each.rows === rows);
  return rows.map((row) => {
    const took = row.figure(seconds);
    const ratio = peer && peer !== taken ? row.figure(peer.seconds) / took : undefined;
    const beside = ratio === undefined ? "" : `, ${ratio.toFixed(1)} x Dask's ${row.say(row.figure(peer!.seconds))}`;
    const result = { name: `${row.name}, ${name}`, n: row.n, seconds: took, peakBytes: last?.peakBytes ?? 0 };
    return {
      result: ratio === undefined ? result : { ...result, ratio, peer: "Dask" },
      line: `${result.name}: ${row.say(took)}${beside}${sharing(taken)}`,
    };
  });
}

const load = (): string =>
  loadavg()
    .map((each) => each.toFixed(1))
    .join(" ");

async function main(): Promise<void> {
  const rounds = Number(option("--rounds") ?? 5);
  const only = option("--only")?.split(",");
  const measures = (Object.keys(ROWS) as Measure[]).filter((measure) => only?.includes(measure) ?? true);
  const before = load();
  const taken = await measureAll(measures, rounds);
  const all = taken.flatMap((each) => lines(each, taken));
  report(all.map(({ result }) => result));
  if (process.argv.includes("--json")) return;
  process.stdout.write(`\n${all.map(({ line }) => line).join("\n")}\n`);
  process.stdout.write(`\n${rounds} rounds in turn; ${cpus().length} cores, load before ${before}, after ${load()}\n`);
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** A process that is measured: says that it is ready, then answers each message with a round. */
async function serve(round: () => Promise<Omit<Round, "peakBytes">>): Promise<void> {
  const send = (answer: unknown): void => void process.send!(answer);
  process.on("message", async () => {
    const took = await round();
    send({ ...took, peakBytes: process.resourceUsage().maxRSS * 1024 } satisfies Round);
  });
  process.once("disconnect", () => process.exit(0));
  send("ready");
}

const [, , what, ...which] = process.argv;
if (what === "--child") {
  const measured = await startMeasured(which[0] as Place, which[1] as Measure);
  process.once("SIGTERM", () => void measured.close().then(() => process.exit(0)));
  await serve(async () => ({ seconds: await measured.round(), ...(await measured.bytes()) }));
} else if (what === "--transfer") {
  const round = await startTransfer(which[0] === "true");
  process.once("SIGTERM", () => process.exit(0));
  await serve(async () => ({ seconds: await round() }));
} else await main();
