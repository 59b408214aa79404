import { setTimeout as pause } from "node:timers/promises";
import { NatsStartError } from "../errors.js";
import type { Monitor } from "./monitor.js";

/** A server that is asked whether it is ready. */
interface Asked {
  readonly name: string;
  readonly monitor: Monitor;
}

/**
 * Settles once servers of a hub serve, with a leader of their JetStream that all of them know, and leaf nodes are connected.
 *
 * @param patience In milliseconds.
 * @throws NatsStartError that names who is not ready and why
 */
export async function untilReady(hub: readonly Asked[], leaves: readonly Asked[], patience = 60_000): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    const wrong = (await Promise.all([...hub.map(hubUnready), ...leaves.map(leafUnready)])).find((each) => each);
    if (wrong === undefined) return;
    if (performance.now() > end) throw new NatsStartError(`after ${patience / 1000} s ${wrong}`);
    await pause(50);
  }
}

async function hubUnready({ name, monitor }: Asked): Promise<string | undefined> {
  try {
    if (!(await monitor.healthy())) return `${name} says that it is not healthy`;
    const { meta_cluster: meta } = await monitor.jsz();
    return meta && !meta.leader ? `${name} knows no leader of JetStream` : undefined;
  } catch (error) {
    return `${name} does not answer: ${(error as Error).message}`;
  }
}

async function leafUnready({ name, monitor }: Asked): Promise<string | undefined> {
  try {
    return (await monitor.leafz()).leafs.length > 0 ? undefined : `the leaf node ${name} is not connected to the hub`;
  } catch (error) {
    return `${name} does not answer: ${(error as Error).message}`;
  }
}
