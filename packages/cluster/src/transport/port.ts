import type { MessagePort } from "node:worker_threads";
import { Inbox, type Message, type Transport } from "./transport.js";

/** A message with its attachment: no message is an array. */
type WithAttachment = readonly [Message, Uint8Array];

/** A link to another thread. Shared memory goes by handle; everything else is cloned. */
export function portTransport(port: MessagePort): Transport {
  const inbox = new Inbox();
  port.on("message", (sent: Message | WithAttachment) => {
    if (Array.isArray(sent)) inbox.deliver(...(sent as unknown as WithAttachment));
    else inbox.deliver(sent as Message);
  });
  port.on("messageerror", (error: Error) => {
    inbox.close(error);
    port.close();
  });
  port.on("close", () => inbox.close(undefined));
  return {
    send: (message, attachment) => {
      if (!inbox.closed) port.postMessage(attachment ? [message, attachment] : message);
    },
    onMessage: (listener) => inbox.onMessage(listener),
    onClose: (listener) => inbox.onClose(listener),
    drained: () => Promise.resolve(),
    close: () => port.close(),
  };
}
