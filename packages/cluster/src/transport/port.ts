import type { MessagePort } from "node:worker_threads";
import { Inbox, type Message, type Transport } from "./transport.js";

/** A link to another thread. Shared memory goes by handle; everything else is cloned. */
export function portTransport(port: MessagePort): Transport {
  const inbox = new Inbox();
  port.on("message", (message: Message) => inbox.deliver(message));
  port.on("messageerror", (error: Error) => {
    inbox.close(error);
    port.close();
  });
  port.on("close", () => inbox.close(undefined));
  return {
    send: (message) => {
      if (!inbox.closed) port.postMessage(message);
    },
    onMessage: (listener) => inbox.onMessage(listener),
    onClose: (listener) => inbox.onClose(listener),
    close: () => port.close(),
  };
}
