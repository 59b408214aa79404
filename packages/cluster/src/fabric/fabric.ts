import { randomBytes } from "node:crypto";
import * as v from "valibot";
import { ConnectFailedError, RefusedError } from "../errors.js";
import { systemClock } from "../transport/clock.js";
import type { Heartbeat } from "../transport/heartbeat.js";
import { refusalText } from "../transport/refusal-text.js";
import { proofOf } from "../transport/roles.js";
import { Connection } from "./connection.js";
import { leaderOf } from "./leader.js";
import { type FabricLink, natsLink } from "./link.js";
import { fabricAddress, Names, type QueuePlace } from "./names.js";
import type { FabricOptions } from "./options.js";

/** How a link over the fabric is opened. */
export interface FabricDial {
  readonly token?: string | undefined;
  readonly heartbeat?: Heartbeat | undefined;
  readonly patience?: number | undefined;
  /** The plane and tier below which a worker's queue lies: it takes its jobs from there. */
  readonly queue?: QueuePlace | undefined;
}

/** How long a door may take to answer, in seconds; what was lost with a server of NATS is asked again. */
const ANSWER_SECONDS = 2;
const ATTEMPTS = 3;
/** How long nobody may be at a door, in seconds: a process whose server was killed is there again when it has found another. */
const NOBODY_SECONDS = 2;
const RETRY_SECONDS = 0.1;

const answerSchema = v.union([
  v.object({ nonce: v.pipe(v.string(), v.maxLength(64)) }),
  v.object({ refused: v.pipe(v.string(), v.maxLength(64)) }),
  v.object({ open: v.literal(true) }),
]);

/** One process's place on a fabric: its connection, its cluster's names, its plane and its endpoint. */
export class Fabric {
  readonly connection: Connection;
  readonly names: Names;
  /** Processes of one plane meet on subjects that never leave it. */
  readonly plane: string | undefined;
  /** By what others knock here. */
  readonly endpoint: string;

  private constructor(connection: Connection, names: Names, plane: string | undefined, endpoint: string) {
    this.connection = connection;
    this.names = names;
    this.plane = plane;
    this.endpoint = endpoint;
  }

  /** @throws BadOptionError, ConnectFailedError, RefusedError, FabricError */
  static async open(options: FabricOptions, plane?: string): Promise<Fabric> {
    const names = new Names(options.cluster ?? "graphvm");
    return new Fabric(await Connection.open(options), names, plane, randomBytes(8).toString("hex"));
  }

  /**
   * Opens a link to a process of the cluster.
   *
   * @param address `fabric://plane/endpoint`, or the master's
   * @throws ConnectFailedError where nobody answers; RefusedError where it does not let us in
   */
  async dial(address: string, path: string, options: FabricDial = {}): Promise<FabricLink> {
    const to = fabricAddress(address);
    if (!to) throw new ConnectFailedError(`${address} is no address on a fabric.`, { url: address });
    const endpoint = to.endpoint === "master" ? await this.#leader() : to.endpoint;
    const plane = to.plane !== undefined && to.plane === this.plane ? to.plane : undefined;
    const { token, heartbeat, patience, queue: place } = options;
    const door = this.names.door(endpoint, plane);
    const proof = token === undefined ? {} : await this.#proof(door, address, token);
    const id = randomBytes(16).toString("hex");
    const [own, other] = [this.names.link(id, "d", plane), this.names.link(id, "a", plane)];
    const queue = place && {
      end: "worker" as const,
      stream: this.names.jobStream,
      subject: this.names.jobs(id, place),
    };
    const link = natsLink({ connection: this.connection, own, other, heartbeat, patience, queue });
    try {
      const answer = await this.#knock(door, address, { link: id, path, ...proof, ...(place && { queue: place }) });
      if ("open" in answer) return link;
      throw refused("refused" in answer ? answer.refused : "path", address);
    } catch (error) {
      link.drop(error as Error);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  async #leader(): Promise<string> {
    const leader = await leaderOf(this);
    if (leader) return leader.endpoint;
    throw new ConnectFailedError(
      `No master leads the cluster ${this.names.cluster} on ${this.connection.text}: start one with \`graphvm start-master --fabric\`.`,
      {},
    );
  }

  async #proof(door: string, address: string, token: string): Promise<{ nonce: string; proof: string }> {
    const answer = await this.#knock(door, address, { ask: "nonce" });
    if (!("nonce" in answer)) throw refused("busy", address);
    return { nonce: answer.nonce, proof: proofOf(answer.nonce, token) };
  }

  async #knock(door: string, address: string, question: object): Promise<v.InferOutput<typeof answerSchema>> {
    let cause: unknown;
    let lost = 0;
    // who leads may have changed: whoever dials the master looks again who that is
    const patience = fabricAddress(address)?.endpoint === "master" ? 0 : NOBODY_SECONDS;
    for (const start = systemClock.now(); ; ) {
      try {
        const answer = await this.connection.request(door, question, ANSWER_SECONDS);
        const parsed = v.safeParse(answerSchema, answer);
        if (parsed.success) return parsed.output;
        if (answer !== undefined || systemClock.now() - start >= patience) break;
      } catch (error) {
        cause = error;
        if (++lost === ATTEMPTS) break;
      }
      await new Promise<void>((resolve) => systemClock.after(RETRY_SECONDS, resolve));
    }
    throw new ConnectFailedError(
      `Nobody answers at ${address} in the cluster ${this.names.cluster} on ${this.connection.text}: it has ended, or its NATS is cut off.`,
      { url: address },
      cause === undefined ? {} : { cause },
    );
  }
}

function refused(refusal: string, address: string): RefusedError {
  const why = refusalText(refusal, address) ?? `The process at ${address} refuses this link: ${refusal}.`;
  return new RefusedError(why, { url: address });
}
