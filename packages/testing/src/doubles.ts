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

/**
 * A link whose messages come in another order: each is held until `hold` later ones have been sent, or the link is flushed.
 * Which of those held goes next is `pick`'s choice; the last one unless told otherwise.
 */
export interface ReorderingTransport extends Transport {
  flush(): void;
}

export function reorderingTransport(
  link: Transport,
  {
    hold = 2,
    pick = (held: number) => held - 1,
  }: { readonly hold?: number; readonly pick?: (held: number) => number } = {},
): ReorderingTransport {
  const held: Parameters<Transport["send"]>[] = [];
  const sendOne = (): void => {
    for (const sent of held.splice(Math.min(pick(held.length), held.length - 1), 1)) link.send(...sent);
  };
  return {
    ...passThrough(link),
    send: (...sent) => {
      held.push(sent);
      while (held.length > hold) sendOne();
    },
    flush: () => {
      while (held.length > 0) sendOne();
    },
  };
}

/**
 * A link with a fence across it: while it is up nothing passes in either direction and neither side hears of it, as when a
 * network is cut in two. What was sent meanwhile comes through late when the fence goes, or never.
 */
export interface FencedTransport extends Transport {
  raise(): void;
  /** `lost`: what was sent meanwhile never arrives. */
  lower(lost?: boolean): void;
  readonly fenced: boolean;
}

export function fencedTransport(link: Transport): FencedTransport {
  let up = false;
  let late: (() => void)[] = [];
  const pass = (deliver: () => void): void => {
    if (up) late.push(deliver);
    else deliver();
  };
  return {
    ...passThrough(link),
    get fenced() {
      return up;
    },
    send: (...sent) => pass(() => link.send(...sent)),
    onMessage: (listener) => link.onMessage((...received) => pass(() => listener(...received))),
    raise: () => {
      up = true;
    },
    lower: (lost = false) => {
      up = false;
      const waiting = lost ? [] : late;
      late = [];
      for (const deliver of waiting) deliver();
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
