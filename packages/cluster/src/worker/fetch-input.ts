import { ConnectFailedError, ConnectionLostError } from "../errors.js";
import type { WorkerJob } from "../protocol.js";
import { traced } from "../watch/trace.js";
import type { WorkerShared } from "./worker-shared.js";

/**
 * The bytes of an input, from this process's store or from one that has them; a host's name where none has them any more.
 *
 * @param silent Processes that could not be reached: none of them is asked, and it grows.
 */
export async function fetchInput(
  { id, hosts, bound }: WorkerJob["inputs"][number],
  shared: WorkerShared,
  silent: Set<string> = new Set(),
): Promise<Uint8Array | string> {
  const { store } = shared;
  const own = await store.load(id);
  if (own) return own;
  const { graph } = store;
  for (const host of hosts) {
    if (silent.has(host)) continue;
    const from = { "graphvm.job": id, "graphvm.host": host };
    const fetch = () => shared.data.value(shared.address(host), id);
    const bytes = await traced("graphvm.fetch", "CLIENT", from, fetch).catch((error: unknown) => {
      if (error instanceof ConnectFailedError || error instanceof ConnectionLostError) silent.add(host);
      return undefined;
    });
    if (!bytes) continue;
    // where there is no room to keep it, this job has it all the same
    await store.put(id, bytes, graph, bound).catch(() => {});
    return bytes;
  }
  return hosts[0]!;
}
