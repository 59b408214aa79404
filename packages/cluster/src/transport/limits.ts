import { BadOptionError } from "../errors.js";
import type { Heartbeat } from "./heartbeat.js";

/** What others may ask of a process that listens, so that none of them can take it down. Everything has a default. */
export interface Limits {
  /** Connections at once, with those that have not shown a token yet. Default 4,096. */
  readonly connections?: number;
  /** The same from one address (of IPv6 from one /64). Default 1,024. */
  readonly connectionsPerAddress?: number;
  /** How long a request may take to say who it is, in seconds. Default 10. */
  readonly handshakeSeconds?: number;
  /** Wrong tokens a minute from one address; after that none from there is looked at for a while. Default 60. */
  readonly wrongTokensPerMinute?: number;
  /** Messages a second on one link; who sends faster is read more slowly. Default 50,000. */
  readonly messagesPerSecond?: number;
  /** Bytes of one message of an operator's client or a worker. Default 1 GiB. */
  readonly messageBytes?: number;
  /** Bytes of one message of an auditor, or of a process that fetches values. Default 1 MiB. */
  readonly requestBytes?: number;
  /** Calls of one link that may be unanswered at once: 10,000 unless told otherwise, of an auditor's a hundredth of it. */
  readonly openCalls?: number;
  /** Bytes that wait for a peer that does not read; it is not listened to before it has read some. Default 64 MiB. */
  readonly backlogBytes?: number;
}

/** Ours have 2 MB: nobody need send larger frames, and of a larger one nothing is kept. */
export const MAX_FRAME = 8 * 1024 * 1024;

const DEFAULTS: Required<Limits> = {
  connections: 4096,
  connectionsPerAddress: 1024,
  handshakeSeconds: 10,
  wrongTokensPerMinute: 60,
  messagesPerSecond: 50_000,
  messageBytes: 1024 * 1024 * 1024,
  requestBytes: 1024 * 1024,
  openCalls: 10_000,
  backlogBytes: 64 * 1024 * 1024,
};

/** Limits with what was left out. @throws BadOptionError */
export function allLimits(limits: Limits = {}): Required<Limits> {
  const all = { ...DEFAULTS, ...limits };
  for (const [name, value] of Object.entries(all))
    if (!Object.hasOwn(DEFAULTS, name) || !isPositive(value)) throw badOption(`limits.${name}`, "a number above 0");
  return all;
}

/** @throws BadOptionError */
export function checkHeartbeat({ every = 5, deadAfter = 20 }: Heartbeat = {}): void {
  if (!isPositive(every) || every > 86_400) throw badOption("heartbeat.every", "seconds above 0, a day at most");
  if (!isPositive(deadAfter) || deadAfter < every)
    throw badOption("heartbeat.deadAfter", `seconds, and not less than heartbeat.every (${every})`);
}

function isPositive(value: unknown): boolean {
  return typeof value === "number" && value > 0 && Number.isFinite(value);
}

function badOption(option: string, needed: string): BadOptionError {
  return new BadOptionError(`The option ${option} must be ${needed}.`, { option });
}
