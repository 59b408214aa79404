// What lies below a table's way from worker to worker: encoded bytes from one process to another, over a loopback socket.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { DataClient, listen, ObjectStore, SentBytes, serveData } from "@graphvm/cluster/internal";

/** Values that are fetched, of so many bytes each; the first of them is not counted. */
const VALUES = 8;
export const TRANSFER_BYTES = 100_000_000;

const idOf = (i: number): string => i.toString(16).padStart(32, "0");

/** The seconds that each fetch took, with every piece compared with its sha-256, and without. */
export async function runTransfer(checked: boolean): Promise<{ seconds: number[]; peakBytes: number }> {
  const holder = fork(fileURLToPath(import.meta.url), [], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  try {
    const url = await urlOf(holder);
    const client = new DataClient(() => ({}), undefined, checked);
    const seconds: number[] = [];
    for (let i = 0; i < VALUES; i++) {
      const start = performance.now();
      const bytes = await client.value(url, idOf(i));
      seconds.push((performance.now() - start) / 1000);
      if (bytes.length !== TRANSFER_BYTES || bytes.at(-1) !== i + 1) throw new Error(`value ${i} arrived as another`);
    }
    client.close();
    return { seconds: seconds.slice(1), peakBytes: process.resourceUsage().maxRSS * 1024 };
  } finally {
    holder.kill("SIGKILL");
  }
}

async function urlOf(holder: ChildProcess): Promise<string> {
  const [url] = (await once(holder, "message")) as [string];
  return url;
}

/** The process that has the values. */
async function hold(): Promise<void> {
  const store = new ObjectStore();
  for (let i = 0; i < VALUES; i++) {
    await store.put(idOf(i), new Uint8Array(new SharedArrayBuffer(TRANSFER_BYTES)).fill(i + 1));
  }
  const source = { store, sent: new SentBytes() };
  const server = await listen(
    { port: 0 },
    { "/data": { roles: ["worker"], accept: (link) => serveData(link, source, 1000) } },
  );
  process.once("disconnect", () => process.exit(0));
  process.send!(server.url);
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.send) await hold();
