import type { Message, Transport } from "@graphvm/cluster/internal";

/** What a faulty link does, counted in messages that were sent through it. */
export interface Fault {
  /** After so many messages nothing arrives any more; the link looks open. */
  readonly dropAfter?: number;
  /** After so many messages the link closes. */
  readonly closeAfter?: number;
  /** Every message arrives this many times. */
  readonly copies?: number;
  /** Changes messages on their way; undefined drops one. */
  readonly change?: (message: Message) => Message | undefined;
  /** Changes attachments on their way. */
  readonly changeBytes?: (bytes: Uint8Array) => Uint8Array;
}

/**
 * A link with a fault in what is sent through it. What comes back is left alone.
 *
 * @example
 * const [a, b] = memoryLink();
 * const peer = new Peer(brokenTransport(a, { closeAfter: 3 }), {}, "master");
 */
export function brokenTransport(link: Transport, fault: Fault): Transport {
  let sent = 0;
  return {
    ...passThrough(link),
    send: (message, attachment) => {
      sent++;
      if (sent <= (fault.dropAfter ?? Number.POSITIVE_INFINITY)) {
        const changed = fault.change ? fault.change(message) : message;
        const bytes = attachment && fault.changeBytes ? fault.changeBytes(attachment) : attachment;
        for (let i = 0; changed && i < (fault.copies ?? 1); i++) link.send(changed, bytes);
      }
      if (sent === fault.closeAfter) link.close();
    },
  };
}

/** A link that counts what passes. */
export interface CountedTransport extends Transport {
  readonly sent: readonly Message[];
  readonly received: readonly Message[];
}

/** Writes down what passes through a link in both directions. */
export function countedTransport(link: Transport): CountedTransport {
  const sent: Message[] = [];
  const received: Message[] = [];
  return {
    ...passThrough(link),
    sent,
    received,
    send: (message, attachment) => {
      sent.push(message);
      link.send(message, attachment);
    },
    onMessage: (listener) =>
      link.onMessage((message, attachment) => {
        received.push(message);
        listener(message, attachment);
      }),
  };
}

/** A link whose messages wait until they are let through: for the order of events that a race would need. */
export interface GatedTransport extends Transport {
  /** Lets the next `count` waiting messages through; all of them, and all to come, where it is left out. */
  release(count?: number): void;
  readonly waiting: number;
}

export function gatedTransport(link: Transport): GatedTransport {
  const held: Parameters<Transport["send"]>[] = [];
  let open = false;
  return {
    ...passThrough(link),
    get waiting() {
      return held.length;
    },
    send: (message, attachment) => {
      if (open) link.send(message, attachment);
      else held.push([message, attachment]);
    },
    release: (count) => {
      open ||= count === undefined;
      for (const sent of held.splice(0, count ?? held.length)) link.send(...sent);
    },
  };
}

function passThrough(link: Transport): Transport {
  return {
    send: (message, attachment) => link.send(message, attachment),
    onMessage: (listener) => link.onMessage(listener),
    onClose: (listener) => link.onClose(listener),
    drained: () => link.drained(),
    close: () => link.close(),
  };
}
