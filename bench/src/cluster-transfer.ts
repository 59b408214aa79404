// What lies below a table's way from worker to worker: encoded bytes from one process to another, over a loopback socket.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { DataClient, listen, ObjectStore, SentBytes, sendValue, serveData } from "@graphvm/cluster/internal";

/** Values that are held, of so many bytes each, and fetched in turn. */
const VALUES = 4;
export const TRANSFER_BYTES = 100_000_000;

const idOf = (i: number): string => i.toString(16).padStart(32, "0");

/**
 * Fetches each value once when it is called and gives the seconds of each; warm. Unchecked, no digest is made, sent or compared: the
 * product never does that.
 */
export async function startTransfer(checked: boolean): Promise<() => Promise<number[]>> {
  const holder = fork(fileURLToPath(import.meta.url), [], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  process.once("exit", () => void holder.kill("SIGKILL"));
  const url = await urlOf(holder);
  const client = new DataClient(() => ({}), undefined, checked);
  const fetch = async (which: number): Promise<number> => {
    const start = performance.now();
    const bytes = await client.value(url, idOf(which));
    const took = (performance.now() - start) / 1000;
    if (bytes.length !== TRANSFER_BYTES || bytes.at(-1) !== which + 1)
      throw new Error(`value ${which} arrived as another`);
    return took;
  };
  const round = async (): Promise<number[]> => {
    const seconds: number[] = [];
    for (let which = 0; which < VALUES; which++) seconds.push(await fetch(which));
    return seconds;
  };
  await round();
  return round;
}

async function urlOf(holder: ChildProcess): Promise<string> {
  const [url] = (await once(holder, "message")) as [string];
  return url;
}

/** The process that has the values. It forgets the digests it made: each fetch costs it those anew. */
async function hold(): Promise<void> {
  const store = new ObjectStore();
  const values = Array.from({ length: VALUES }, (_, i) =>
    new Uint8Array(new SharedArrayBuffer(TRANSFER_BYTES)).fill(i + 1),
  );
  const put = async (): Promise<void> => {
    for (const [i, bytes] of values.entries()) await store.put(idOf(i), bytes);
  };
  await put();
  const sent = new SentBytes();
  let bytes = 0;
  sent.onChange(() => {
    const now = sent.totals[""] ?? 0;
    if (now - bytes < TRANSFER_BYTES) return;
    bytes = now;
    void put();
  });
  const source = { store, sent };
  const server = await listen(
    { port: 0 },
    {
      "/data": {
        roles: ["worker"],
        accept: (link) => serveData(link, source, 1000),
        stream: (wire, query) => void sendValue(wire, query, source),
      },
    },
  );
  process.once("disconnect", () => process.exit(0));
  process.send!(server.url);
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.send) await hold();
