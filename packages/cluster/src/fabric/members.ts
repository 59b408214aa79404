import type { Labels } from "@graphvm/engine";
import { type Clock, systemClock } from "../transport/clock.js";
import type { Fabric } from "./fabric.js";
import { ENTRY_SECONDS } from "./stores.js";

/**
 * Says in the cluster's key-value bucket that a worker is there, again and again, until what it gives is called. Whoever takes a
 * session over knows by that how many workers may come back.
 */
export function joinMembers(fabric: Fabric, labels: Labels, clock: Clock = systemClock): () => Promise<void> {
  const { connection, names, endpoint } = fabric;
  const key = `member.${endpoint}`;
  const say = async (): Promise<void> => {
    const keys = await connection.keys(names.bucket);
    await keys.put(key, JSON.stringify({ labels }));
  };
  const tell = (): void => void say().catch(() => {}); // said again soon
  tell();
  const stop = clock.every(ENTRY_SECONDS / 4, tell);
  return async () => {
    stop();
    const keys = await connection.keys(names.bucket).catch(() => undefined);
    await keys?.delete(key).catch(() => {}); // it runs out anyway
  };
}
