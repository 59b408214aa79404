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
  const { every = 5, clock = systemClock } = heartbeat;
  const rounds = roundsOf(heartbeat, patience);
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

/** Notices when nothing was heard for as long as a peer may be silent, where nobody can be asked for a sign of life. */
export function watchSilence(
  heartbeat: Heartbeat = {},
  patience = 1,
  onSilent: () => void = () => {},
): { heard(): void; stop(): void } {
  const { every = 5, clock = systemClock } = heartbeat;
  const rounds = roundsOf(heartbeat, patience);
  let silent = 0;
  const stop = clock.every(every, () => {
    if (silent++ >= rounds) onSilent();
  });
  return {
    heard: () => {
      silent = 0;
    },
    stop,
  };
}

function roundsOf({ every = 5, deadAfter = 20 }: Heartbeat, patience: number): number {
  return Math.max(1, Math.ceil((deadAfter * patience) / every));
}
