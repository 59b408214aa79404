import { BadOptionError, FencedError, TokenNeededError } from "../errors.js";
import type { JournalCopy } from "../folder/journal-copy.js";
import { makeTempFolder, removeTempFolder } from "../temp-folders.js";
import type { Clock } from "../transport/clock.js";
import { isLoopback } from "../transport/guard.js";
import { untilElected } from "./elections.js";
import { Fabric } from "./fabric.js";
import { JournalStream } from "./journal-stream.js";
import type { Lease } from "./leader.js";
import { isGone, Mirror } from "./mirror.js";
import { type FabricOptions, readServers } from "./options.js";
import { makeStores, removeStores } from "./stores.js";

/** So often a new leader is overtaken by lines of the one before it: each may have some under way. */
const TRIES = 100;
/** For how long servers of NATS may elect while a master starts or takes over, in seconds. */
const PATIENCE_SECONDS = 20;

/** A master's seat on a fabric: its connection, and the folder in which it follows the journal. */
export class Seat {
  readonly fabric: Fabric;
  readonly #clock: Clock;
  readonly #given: string | undefined;
  #folder: string;
  #mirror: Mirror;
  #closed = false;

  private constructor(fabric: Fabric, clock: Clock, given: string | undefined) {
    this.fabric = fabric;
    this.#clock = clock;
    this.#given = given;
    this.#folder = given ?? makeTempFolder("graphvm-fabric-");
    this.#mirror = new Mirror(fabric, this.#folder);
  }

  /**
   * @param folder Where the journal is followed; a temporary folder unless given.
   * @throws BadOptionError, ConnectFailedError, RefusedError, FabricError, SessionFolderError
   */
  static async open(options: FabricOptions, plane: string | undefined, clock: Clock, folder?: string): Promise<Seat> {
    const fabric = await Fabric.open(options, plane);
    try {
      await untilElected(() => makeStores(fabric.connection, fabric.names, options.room), PATIENCE_SECONDS, clock);
      return new Seat(fabric, clock, folder);
    } catch (error) {
      await fabric.close();
      throw error;
    }
  }

  get folder(): string {
    return this.#folder;
  }

  /** Whether there is a session in the journal that can be gone on with. */
  get holdsSession(): boolean {
    return this.#mirror.holdsSession && !this.#mirror.over;
  }

  /** Takes what is new in the journal. False where its session was ended. */
  async follow(): Promise<boolean> {
    try {
      await this.#mirror.follow();
      return !this.#mirror.over;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  /**
   * Takes the journal over: what whoever led before writes from now on is refused. A session that was ended is cleared away.
   *
   * @throws FabricError, FencedError
   */
  async takeOver(lease: Lease): Promise<JournalStream> {
    for (let tries = 0; ; tries++) {
      await untilElected(() => this.#mirror.follow(), PATIENCE_SECONDS, this.#clock);
      if (this.#mirror.over) await this.#clear();
      const stream = new JournalStream(this.fabric, this.#mirror.last, this.#clock);
      stream.add("term", `${JSON.stringify({ endpoint: this.fabric.endpoint })}\n`);
      try {
        await stream.stored();
        return stream;
      } catch (error) {
        if (lease.over || tries === TRIES || !(error instanceof FencedError)) throw error;
      }
    }
  }

  /** How many workers are there, as far as they say. */
  async members(): Promise<number> {
    const { connection, names } = this.fabric;
    let count = 0;
    for await (const _key of await (await connection.keys(names.bucket)).keys("member.>")) count++;
    return count;
  }

  /** @param ended Nobody goes on with the session: what it kept on NATS goes too. */
  async close(ended: boolean): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { connection, names } = this.fabric;
    if (ended) await removeStores(connection, names);
    await this.fabric.close();
    if (this.#given === undefined) removeTempFolder(this.#folder);
  }

  async #clear(): Promise<void> {
    const { connection, names } = this.fabric;
    if (this.#given !== undefined) {
      throw new BadOptionError(
        `The session of the cluster ${names.cluster} was ended while ${this.#given} followed it: name another folder for the next one.`,
        { option: "journal" },
      );
    }
    // the lease stays where it is
    await connection.manager.streams.purge(names.journalStream);
    await connection.manager.streams.purge(names.jobStream);
    removeTempFolder(this.#folder);
    this.#folder = makeTempFolder("graphvm-fabric-");
    this.#mirror = Mirror.behind(this.fabric, this.#folder, this.#mirror.last);
  }
}

/** A leader's journal as its session's folder sees it. */
export function copyOf(fabric: Fabric, stream: JournalStream): JournalCopy {
  const put = new Set<string>();
  return {
    add: (kind, text) => stream.add(kind, text),
    stored: () => stream.stored(),
    get failure() {
      return stream.failure;
    },
    blob: async (sha256, bytes) => {
      if (put.has(sha256)) return;
      const objects = await fabric.connection.objects(fabric.names.blobs);
      await objects.putBlob({ name: sha256 }, bytes);
      put.add(sha256);
    },
  };
}

/** Beyond loopback either NATS knows who connects, or graphvm does. @throws TokenNeededError */
export function checkFabricTrust(options: FabricOptions, hasToken: boolean): void {
  const { hosts, user } = readServers(options.servers);
  if (hasToken || user !== undefined || options.credsFile !== undefined || options.tls?.cert !== undefined) return;
  const open = hosts.find((host) => !isLoopback(host.replace(/:\d+$/, "")));
  if (open === undefined) return;
  throw new TokenNeededError(
    `A fabric on ${open} needs credentials (user:pass@ in its address, or --fabric-creds) or a token (--token-file): anybody there could join.`,
    { host: open },
  );
}
