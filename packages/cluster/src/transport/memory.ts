import { Inbox, type Message, type Transport } from "./transport.js";

/** Two ends of a link inside this thread. Messages are handed over, not copied, in a later microtask. */
export function memoryLink(): [Transport, Transport] {
  const inboxes = [new Inbox(), new Inbox()] as const;
  const close = (): void => queueMicrotask(() => inboxes.forEach((inbox) => void inbox.close(undefined)));
  const end = (own: Inbox, other: Inbox): Transport => {
    let open = true;
    return {
      send: (message: Message, attachment?: Uint8Array) => {
        if (open && !own.closed) queueMicrotask(() => other.deliver(message, attachment));
      },
      onMessage: (listener) => own.onMessage(listener),
      onClose: (listener) => own.onClose(listener),
      drained: () => Promise.resolve(),
      close: () => {
        open = false;
        close();
      },
    };
  };
  return [end(inboxes[0], inboxes[1]), end(inboxes[1], inboxes[0])];
}
