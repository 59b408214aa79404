import type { MessagePort } from "node:worker_threads";
import { Inbox, type Message, type Transport } from "./transport.js";

/** A message with its attachment, where it has one. */
type Sent = readonly [Message, Uint8Array?];

/**
 * A link to another thread. Shared memory goes by handle; everything else is cloned. What arrives is a message by itself, or
 * several in a list.
 *
 * @param gather Each post costs a call to the system and wakes the thread: what is sent in one turn behind the first message
 * goes together when the turn ends. Not for a thread that computes: its turn may last as long as a job.
 */
export function portTransport(port: MessagePort, gather = false): Transport {
  const inbox = new Inbox();
  let behind: Sent[] | undefined;
  const post = (all: readonly Sent[]): void => {
    if (inbox.closed || all.length === 0) return;
    port.postMessage(all.length === 1 && all[0]!.length === 1 ? all[0]![0] : all);
  };
  const flush = (): void => {
    const all = behind ?? [];
    behind = undefined;
    post(all);
  };
  const send = (sent: Sent): void => {
    if (inbox.closed) return;
    if (behind) {
      behind.push(sent);
      return;
    }
    post([sent]);
    if (!gather) return;
    behind = [];
    setImmediate(flush);
  };
  port.on("message", (sent: Message | readonly Sent[]) => {
    if (Array.isArray(sent)) for (const each of sent as readonly Sent[]) inbox.deliver(...each);
    else inbox.deliver(sent as Message);
  });
  port.on("messageerror", (error: Error) => {
    inbox.close(error);
    port.close();
  });
  port.on("close", () => inbox.close(undefined));
  return {
    send: (message, attachment) => send(attachment ? [message, attachment] : [message]),
    onMessage: (listener) => inbox.onMessage(listener),
    onClose: (listener) => inbox.onClose(listener),
    drained: () => Promise.resolve(),
    close: () => {
      flush();
      port.close();
    },
  };
}
