import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
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
  const a = portTransport(port1, true);
  return { a, b: portTransport(port2), crash: () => port2.close(), release: async () => port1.close() };
}

/** A client's raw socket, what it writes to, and the server's side of it as a link. */
export async function openSocket(limit?: number) {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const accepted = once(sockets, "connection");
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, {
    perMessageDeflate: false,
  });
  const wire = once(client, "upgrade").then(([response]) => (response as IncomingMessage).socket);
  const [served, request] = (await accepted) as [WebSocket, IncomingMessage];
  await once(client, "open");
  const release = async (): Promise<void> => {
    client.terminate();
    served.terminate();
    sockets.close();
    http.close();
    http.closeAllConnections();
    await once(http, "close");
  };
  const server = socketTransport(served, limit, () => request.socket);
  return { client, wire: await wire, served, server, release };
}

export async function openWebSocket(): Promise<Link> {
  const { client, wire, served, server, release } = await openSocket();
  return { a: socketTransport(client, undefined, () => wire), b: server, crash: () => served.terminate(), release };
}
