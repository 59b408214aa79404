import type { WebSocket } from "ws";
import { Bucket } from "./bucket.js";
import type { Clock } from "./clock.js";
import type { Limits } from "./limits.js";

/** How often a peer that does not read is looked at again, in seconds. */
const LOOK = 0.05;

/**
 * Reads a peer no faster than it may send, and not at all while too much waits for it: TCP makes it wait then, and nothing
 * is lost. One that never reads gives no signs of life either, and ends as a silent peer.
 */
export function govern(socket: WebSocket, limits: Required<Limits>, clock: Clock): void {
  const { messagesPerSecond, backlogBytes } = limits;
  const bucket = new Bucket(messagesPerSecond, messagesPerSecond, clock.now());
  let cancel: (() => void) | undefined;
  const look = (): void => {
    cancel = undefined;
    if (socket.bufferedAmount > backlogBytes) rest(LOOK);
    else socket.resume();
  };
  const rest = (seconds: number): void => {
    cancel ??= clock.after(seconds, look);
    socket.pause();
  };
  const heard = (): void => {
    const owed = bucket.take(clock.now());
    if (owed > 0) rest(owed);
    else if (socket.bufferedAmount > backlogBytes) rest(LOOK);
  };
  for (const event of ["message", "ping", "pong"]) socket.on(event, heard);
  socket.once("close", () => cancel?.());
}
