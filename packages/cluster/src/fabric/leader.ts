import type { KV, KvEntry } from "@nats-io/kv";
import * as v from "valibot";
import { FencedError } from "../errors.js";
import { type Clock, rest } from "../transport/clock.js";
import type { Fabric } from "./fabric.js";
import { CODE, codeOf } from "./stores.js";

const KEY = "leader";

/** How often a leader renews its lease, in seconds. */
const RENEW_SECONDS = 0.5;
/** A lease that stayed the same for so many seconds, and so many answered looks, is free: its process stands still. */
export const LEASE_SECONDS = 3;
const LOOKS = 5;
/** So many looks in a row nobody was at the leader's door: its process is gone. A client of NATS finds another server sooner. */
const NOBODY = 4;
/** How long whoever is at a door may take to say so, in seconds. */
const ANSWER_SECONDS = 0.4;

const entrySchema = v.object({ endpoint: v.string(), released: v.exactOptional(v.boolean()) });

/** Who leads. */
export type Leader = v.InferOutput<typeof entrySchema>;

/** Who leads a cluster now, or did last; undefined where nobody does. */
export async function leaderOf({ connection, names }: Fabric): Promise<Leader | undefined> {
  try {
    const entry = read(await (await connection.keys(names.bucket)).get(KEY));
    return entry?.released ? undefined : entry;
  } catch (error) {
    // a cluster that nobody started has no bucket; one whose servers elect has no answer yet
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/**
 * The right to lead, an entry that whoever leads renews. Fenced by revision: each write names the one it replaces, so of
 * several that want it one gets it, and whoever lost it can't write it again. No clocks are compared.
 */
export class Lease {
  readonly #keys: KV;
  readonly #endpoint: string;
  readonly #clock: Clock;
  #revision: number;
  #over = false;
  #stop: () => void = () => {};
  /** Called once where another took over. */
  lost: (error: FencedError) => void = () => {};

  private constructor(keys: KV, endpoint: string, revision: number, clock: Clock) {
    this.#keys = keys;
    this.#endpoint = endpoint;
    this.#revision = revision;
    this.#clock = clock;
  }

  /** Takes the lease where it is free; undefined where somebody has it. */
  static async tryNow(fabric: Fabric, clock: Clock): Promise<Lease | undefined> {
    const keys = await fabric.connection.keys(fabric.names.bucket);
    const entry = await keys.get(KEY);
    if (entry && !isFree(entry)) return undefined;
    return Lease.#take(keys, fabric.endpoint, entry ?? undefined, clock);
  }

  /** Waits until whoever leads has gone, and takes the lease; undefined where that is called off first. */
  static async wait(
    fabric: Fabric,
    clock: Clock,
    signal: AbortSignal,
    seconds = LEASE_SECONDS,
  ): Promise<Lease | undefined> {
    const keys = await fabric.connection.keys(fabric.names.bucket);
    let seen: { revision: number; since: number; looks: number; nobody: number } | undefined;
    while (!signal.aborted) {
      // a look that is not answered says nothing of the leader
      const entry = await keys.get(KEY).catch(() => undefined);
      const now = clock.now();
      if (entry !== undefined) {
        const revision = entry?.revision ?? 0;
        if (seen?.revision !== revision) seen = { revision, since: now, looks: 0, nobody: 0 };
        else seen.nobody = (await isGone(fabric, read(entry))) ? seen.nobody + 1 : 0;
        seen.looks++;
        const silent = now - seen.since >= seconds && seen.looks >= LOOKS;
        if (entry === null || isFree(entry) || silent || seen.nobody >= NOBODY) {
          const lease = await Lease.#take(keys, fabric.endpoint, entry ?? undefined, clock);
          if (lease) return lease;
        }
      }
      await rest(RENEW_SECONDS, clock, signal);
    }
    return undefined;
  }

  static async #take(keys: KV, endpoint: string, entry: KvEntry | undefined, clock: Clock): Promise<Lease | undefined> {
    try {
      const value = JSON.stringify({ endpoint });
      const revision = await (entry ? keys.update(KEY, value, entry.revision) : keys.create(KEY, value));
      const lease = new Lease(keys, endpoint, revision, clock);
      lease.#renewSoon();
      return lease;
    } catch {
      return undefined; // another was faster, or nobody can tell: whoever waits looks again
    }
  }

  /** Whether it was left or lost. */
  get over(): boolean {
    return this.#over;
  }

  /** Leaves the lease to whoever wants it. */
  async release(): Promise<void> {
    if (this.#over) return;
    this.#end();
    const value = JSON.stringify({ endpoint: this.#endpoint, released: true });
    await this.#keys.update(KEY, value, this.#revision).catch(() => {}); // it runs out anyway
  }

  #renewSoon(): void {
    this.#stop = this.#clock.after(RENEW_SECONDS, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    try {
      this.#revision = await this.#keys.update(KEY, JSON.stringify({ endpoint: this.#endpoint }), this.#revision);
    } catch (error) {
      if (codeOf(error) === CODE.wrongSequence && !(await this.#stillMine())) {
        this.#lose();
        return;
      }
    }
    if (!this.#over) this.#renewSoon();
  }

  /** A write whose answer was lost counts too; nobody else writes this endpoint. */
  async #stillMine(): Promise<boolean> {
    const entry = await this.#keys.get(KEY).catch(() => undefined);
    if (entry === undefined) return true; // nobody answers: asked again soon
    if (entry === null || read(entry)?.endpoint !== this.#endpoint) return false;
    this.#revision = entry.revision;
    return true;
  }

  #lose(): void {
    if (this.#over) return;
    this.#end();
    this.lost(
      new FencedError("Another master has taken over this cluster: this one stops. Its session goes on there.", {}),
    );
  }

  #end(): void {
    this.#over = true;
    this.#stop();
  }
}

function read(entry: KvEntry | null): Leader | undefined {
  if (entry === null || entry.operation !== "PUT") return undefined;
  try {
    return v.parse(entrySchema, entry.json());
  } catch {
    return undefined;
  }
}

/** Whether nobody is at a leader's door; false where that can't be told. */
async function isGone({ connection, names }: Fabric, leader: Leader | undefined): Promise<boolean> {
  if (!leader) return false;
  const answer = connection.request(names.door(leader.endpoint), { ask: "nonce" }, ANSWER_SECONDS);
  return answer.then(
    (said) => said === undefined,
    () => false,
  );
}

/** Whether nobody holds it: it was left, deleted, or is none of ours. */
function isFree(entry: KvEntry): boolean {
  const leader = read(entry);
  return leader === undefined || leader.released === true;
}
