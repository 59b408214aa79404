import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that outgoing connections are given: a server that restarts finds its own free again. */
const FIRST = 10_000;
const COUNT = 20_000;

/** Processes begin far from each other. */
let next = (process.pid * 61) % COUNT;

/** Ports of loopback that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  for (let tried = 0; found.length < count && tried < COUNT; tried++) {
    const port = FIRST + (next++ % COUNT);
    if (await isFree(port)) found.push(port);
  }
  if (found.length < count) throw new Error(`there are no ${count} free ports from ${FIRST} on`);
  return found;
}

/** Whether nobody listens on a port of loopback. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
