import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { MessageChannel } from "node:worker_threads";
import { WebSocket, WebSocketServer } from "ws";
import { memoryLink } from "../../dist/transport/memory.js";
import { portTransport } from "../../dist/transport/port.js";
import { socketTransport } from "../../dist/transport/socket.js";
import type { Link } from "./contract.js";

export async function openMemory(): Promise<Link> {
  const [a, b] = memoryLink();
  return { a, b, release: async () => a.close() };
}

export async function openPort(): Promise<Link> {
  const { port1, port2 } = new MessageChannel();
  const a = portTransport(port1);
  return { a, b: portTransport(port2), crash: () => port2.close(), release: async () => port1.close() };
}

/** A client's raw socket and the server's side of it as a link. */
export async function openSocket(limit?: number) {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(sockets, "connection");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    perMessageDeflate: false,
  });
  const [served] = (await accepted) as [WebSocket];
  await once(client, "open");
  const release = async (): Promise<void> => {
    client.terminate();
    served.terminate();
    sockets.close();
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  return { client, served, server: socketTransport(served, limit), release };
}

export async function openWebSocket(): Promise<Link> {
  const { client, served, server, release } = await openSocket();
  return { a: socketTransport(client), b: server, crash: () => served.terminate(), release };
}
