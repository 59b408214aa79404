import { readdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** What this process has at a moment. */
export interface Sample {
  /** How many sessions there were until then. */
  readonly at: number;
  /** Bytes of live objects on the main thread's heap. */
  readonly heap: number;
  /** Bytes of buffers outside of heaps. */
  readonly outside: number;
  readonly rss: number;
  /** Sockets, timers, ports and the like that are open, by kind. */
  readonly handles: string;
  /** Open files and sockets, and threads, as the operating system sees them; -1 where it does not say. */
  readonly descriptors: number;
  readonly threads: number;
}

/** Measures after garbage collection, once what was closed has had time to go. */
export async function sample(at: number): Promise<Sample> {
  const gc = globalThis.gc;
  if (!gc) throw new Error("memory can't be measured: run node with --expose-gc");
  await pause(50);
  for (let i = 0; i < 3; i++) {
    gc();
    await pause(5);
  }
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  return {
    at,
    heap: heapUsed,
    outside: external + arrayBuffers,
    rss,
    handles: handles(),
    descriptors: entries("/proc/self/fd"),
    threads: entries("/proc/self/task"),
  };
}

/** Kinds that come and go with work that is under way. */
const PASSING: ReadonlySet<string> = new Set(["FSReqCallback", "FSReqPromise", "Immediate", "TickObject", "CloseReq"]);

function handles(): string {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    // the measuring itself and the heartbeat's clock have timers that are let go with their turn
    if (!PASSING.has(kind) && kind !== "Timeout") counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts]
    .map(([kind, count]) => `${count} ${kind}`)
    .sort()
    .join(", ");
}

function entries(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    return -1;
  }
}

/** How much a figure grows with each session: the slope of the least-squares line. */
export function slope(samples: readonly Sample[], figure: (sample: Sample) => number): number {
  const meanAt = mean(samples.map(({ at }) => at));
  const meanOf = mean(samples.map(figure));
  let above = 0;
  let below = 0;
  for (const each of samples) {
    const distance = each.at - meanAt;
    above += distance * (figure(each) - meanOf);
    below += distance * distance;
  }
  return below === 0 ? 0 : above / below;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
}
