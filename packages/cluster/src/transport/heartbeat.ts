import type { WebSocket } from "ws";
import { PeerSilentError } from "../errors.js";
import { type Clock, systemClock } from "./clock.js";

/** How a silent peer is noticed. Every link of a process has the same heartbeat. */
export interface Heartbeat {
  /** How often a peer is asked for a sign of life, in seconds. Default 5. */
  readonly every?: number;
  /** A peer that gave none for so long counts as dead, in seconds. Default 20. */
  readonly deadAfter?: number;
  /** What measures the time; tests have their own. */
  readonly clock?: Clock;
}

/**
 * A peer whose thread may run a user's own code (a client, or a master inside of one) may be silent for so many times as long:
 * it does not answer while that code runs. Workers and their data are served by threads that never block.
 */
export const PATIENT = 10;

/**
 * Asks the peer for signs of life and ends the link where none comes: a stopped process, a half-open connection. Anything that
 * arrives is one. Silence is counted in rounds, not in time, so that a process that itself stood still blames nobody.
 */
export function watchPeer(socket: WebSocket, heartbeat: Heartbeat = {}, patience = 1): void {
  const { every = 5, deadAfter = 20, clock = systemClock } = heartbeat;
  const rounds = Math.max(1, Math.ceil((deadAfter * patience) / every));
  let silent = 0;
  const heard = (): void => {
    silent = 0;
  };
  for (const event of ["message", "ping", "pong"]) socket.on(event, heard);
  const stop = clock.every(every, () => {
    if (socket.readyState !== socket.OPEN && socket.readyState !== socket.CLOSING) return;
    if (silent++ < rounds) {
      if (socket.readyState === socket.OPEN) socket.ping();
      return;
    }
    const seconds = Math.round(rounds * every * 1000) / 1000;
    const reason = new PeerSilentError(
      `The other side gave no sign of life for ${seconds} s: it hangs, or the network between is cut.`,
      { seconds },
    );
    socket.emit("error", reason); // the reason of the close that comes with the next line
    socket.terminate();
  });
  socket.once("close", stop);
}
