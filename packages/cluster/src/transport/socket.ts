import { Packr } from "msgpackr";
import type { WebSocket } from "ws";
import { BadMessageError } from "../errors.js";
import { checkMessage } from "./check-message.js";
import { Inbox, type Message, type Transport } from "./transport.js";

/** Larger messages travel as several frames. */
const FRAME = 2 * 1024 * 1024;
const LAST = 0;
const MORE = 1;

/** What a peer may send us at most, in bytes. */
export const MAX_MESSAGE = 1024 * 1024 * 1024;

/**
 * A link over a WebSocket. Each message is MessagePack, cut into binary frames of 2 MB whose first byte says whether more
 * follow. A frame that is no part of a message, or a message over `limit`, closes the link.
 */
export function socketTransport(socket: WebSocket, limit = MAX_MESSAGE): Transport {
  const packr = new Packr({ useRecords: false, variableMapSize: true, moreTypes: true, int64AsType: "number" });
  const inbox = new Inbox();
  let parts: Buffer[] = [];
  let size = 0;
  const fail = (reason: Error): void => {
    socket.terminate();
    inbox.close(reason);
  };
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (inbox.closed) return;
    if (!isBinary || data.length === 0 || data[0]! > MORE) {
      fail(new BadMessageError("The peer sent a frame that is not of graphvm's protocol.", {}));
      return;
    }
    parts.push(data.subarray(1));
    size += data.length - 1;
    if (size > limit) {
      fail(new BadMessageError(`The peer sent a message of more than ${limit} bytes.`, {}));
      return;
    }
    if (data[0] === MORE) return;
    const message = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    parts = [];
    size = 0;
    let unpacked: Message;
    try {
      checkMessage(message);
      unpacked = asMessage(packr.unpack(message));
    } catch (error) {
      fail(new BadMessageError("The peer sent bytes that are no message.", {}, { cause: error }));
      return;
    }
    inbox.deliver(unpacked);
  });
  socket.on("error", (error) => inbox.close(error));
  socket.on("close", (code) =>
    inbox.close(code === 1000 || code === 1005 ? undefined : new Error(`socket closed with code ${code}`)),
  );
  return {
    send: (message) => {
      if (inbox.closed || socket.readyState !== socket.OPEN) return;
      const bytes = packr.pack(message);
      for (let at = 0; at === 0 || at < bytes.length; at += FRAME) {
        const end = Math.min(at + FRAME, bytes.length);
        const frame = Buffer.allocUnsafe(end - at + 1);
        frame[0] = end < bytes.length ? MORE : LAST;
        bytes.copy(frame, 1, at, end);
        socket.send(frame, { binary: true });
      }
    },
    onMessage: (listener) => inbox.onMessage(listener),
    onClose: (listener) => inbox.onClose(listener),
    close: () => socket.close(1000),
  };
}

function asMessage(value: unknown): Message {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TypeError("a message is an object");
  return value as Message;
}
