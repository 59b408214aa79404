import type { Socket } from "node:net";
import { Bucket } from "./bucket.js";
import type { Clock } from "./clock.js";
import type { Limits } from "./limits.js";

/** Connections beyond the limits that still get an answer, so that whoever comes too late learns why. */
const ANSWERED = 16;
/** Addresses whose wrong tokens are remembered. */
const REMEMBERED = 10_000;

/** Counts connections and wrong tokens by address. */
export class Doorkeeper {
  readonly #limits: Required<Limits>;
  readonly #clock: Clock;
  readonly #connections = new Map<string, number>();
  readonly #failures = new Map<string, Bucket>();
  readonly #tooMany = new Set<string>();
  #total = 0;

  constructor(limits: Required<Limits>, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Counts a connection until it closes; destroys it where there are far too many. */
  enter(socket: Socket): void {
    const address = networkOf(socket.remoteAddress);
    const { connections, connectionsPerAddress } = this.#limits;
    const over = Math.max(this.#total + 1 - connections, this.#of(address) + 1 - connectionsPerAddress);
    if (over > ANSWERED) {
      socket.destroy();
      return;
    }
    const name = nameOf(socket);
    if (over > 0) this.#tooMany.add(name);
    this.#total++;
    this.#connections.set(address, this.#of(address) + 1);
    socket.once("close", () => {
      this.#total--;
      this.#tooMany.delete(name);
      if (this.#of(address) > 1) this.#connections.set(address, this.#of(address) - 1);
      else this.#connections.delete(address);
    });
  }

  /** Whether a connection came when there were too many. */
  tooMany(socket: Socket): boolean {
    return this.#tooMany.has(nameOf(socket));
  }

  /** Whether so many wrong tokens came from an address that no more are looked at for now. */
  suspicious(remoteAddress: string | undefined): boolean {
    return this.#failures.get(networkOf(remoteAddress))?.empty(this.#clock.now()) ?? false;
  }

  wrongToken(remoteAddress: string | undefined): void {
    const now = this.#clock.now();
    const address = networkOf(remoteAddress);
    let bucket = this.#failures.get(address);
    if (!bucket) {
      this.#forget(now);
      const perMinute = this.#limits.wrongTokensPerMinute;
      bucket = new Bucket(perMinute, perMinute / 60, now);
      this.#failures.set(address, bucket);
    }
    bucket.take(now);
  }

  /** Makes room for one more address: those that failed long ago go, and where all are fresh the oldest. */
  #forget(now: number): void {
    if (this.#failures.size < REMEMBERED) return;
    for (const [address, bucket] of this.#failures) if (bucket.full(now)) this.#failures.delete(address);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= REMEMBERED && oldest !== undefined) this.#failures.delete(oldest);
  }

  #of(address: string): number {
    return this.#connections.get(address) ?? 0;
  }
}

/** A connection, whether it is seen with TLS around it or without. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** What counts as one address: an IPv4 address, or the first half of an IPv6 one, which is what one customer gets. */
export function networkOf(address = ""): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1]!;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  return [...groups, ...Array.from({ length: zeros }, () => "0"), ...after].slice(0, 4).join(":");
}
