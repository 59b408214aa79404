import { FabricError } from "../errors.js";
import { type Clock, rest, systemClock } from "../transport/clock.js";
import { codeOf } from "./stores.js";

/** How long between two attempts, in seconds. */
const RETRY_SECONDS = 0.25;

/** Codes of JetStream: a cluster that elects, a stream that is offline. */
const ELECTING: ReadonlySet<number> = new Set([10004, 10008, 10118]);
/** A server without room: that of its neighbours may be the one that is asked next. */
const NO_ROOM: ReadonlySet<number> = new Set([10023, 10047]);

/** Whether JetStream may take a message a little later that it refused with this code. */
export function isPassing(code: number): boolean {
  return ELECTING.has(code) || NO_ROOM.has(code);
}

/**
 * Does again what fails because servers of NATS elect, or nobody answers, for so many seconds at most.
 *
 * @throws what the last attempt threw
 */
export async function untilElected<T>(work: () => Promise<T>, seconds: number, clock: Clock = systemClock): Promise<T> {
  const giveUp = clock.now() + seconds;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error) || clock.now() > giveUp) throw error;
      await rest(RETRY_SECONDS, clock);
    }
  }
}

function mayPass(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined && code >= 10_000) return ELECTING.has(code);
  return !(error instanceof FabricError) || error.cause !== undefined;
}
