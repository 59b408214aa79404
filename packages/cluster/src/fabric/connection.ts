import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { KV } from "@nats-io/kv";
import type { ConnectionOptions, NatsConnection } from "@nats-io/nats-core";
import type { ObjectStore } from "@nats-io/obj";
import { ConnectFailedError, FabricError, RefusedError } from "../errors.js";
import { untilElected } from "./elections.js";
import { type FabricOptions, fabricText, readServers } from "./options.js";

/** How long a server may take to answer, in milliseconds. */
const TIMEOUT_MS = 5000;
/** The same where it is asked again soon: while servers elect, an answer that was lost is not waited for. */
const BRIEF_MS = 1000;
/** For how long a server that has JetStream may have none to offer, because servers elect; and one that has none of its own, in seconds. */
const ELECTING_SECONDS = 15;
const NONE_SECONDS = 2;
/** How long a client waits before it tries the next server, in milliseconds. */
const RECONNECT_MS = 250;
/** A line of the journal must fit into a message. */
const LEAST_PAYLOAD = 64 * 1024;

/** What NATS tells of a subject: its bytes, and whether it says that nobody listened. */
export type Listener = (bytes: Uint8Array, nobody: boolean, reply: string | undefined) => void;

/** A process's connection to NATS, and what its JetStream offers. Nothing of NATS is loaded before one is opened. */
export class Connection {
  /** Where it is, for people. */
  readonly text: string;
  readonly #nats: NatsConnection;
  readonly #reconnected = new Set<() => void>();
  /** Makes and removes streams. */
  readonly manager: JetStreamManager;
  /** Reads streams; what it asks is asked again soon. */
  readonly reader: JetStreamManager;
  readonly jetstream: JetStreamClient;
  readonly #brief: JetStreamClient;
  #connected = true;

  private constructor(
    text: string,
    nats: NatsConnection,
    clients: readonly [JetStreamClient, JetStreamClient],
    managers: readonly [JetStreamManager, JetStreamManager],
  ) {
    this.text = text;
    this.#nats = nats;
    [this.jetstream, this.#brief] = clients;
    [this.manager, this.reader] = managers;
    void this.#follow();
  }

  /** @throws BadOptionError, ConnectFailedError, RefusedError, FabricError where there is no JetStream. */
  static async open(options: FabricOptions): Promise<Connection> {
    const text = fabricText(options);
    const { connect } = await import("@nats-io/transport-node");
    const { jetstream, jetstreamManager } = await import("@nats-io/jetstream");
    let nats: NatsConnection;
    try {
      nats = await connect(await clientOptions(options));
    } catch (error) {
      throw connectError(error as Error, text);
    }
    try {
      const most = nats.info?.max_payload ?? 0;
      if (most < LEAST_PAYLOAD) {
        throw new FabricError(
          `${text} takes messages of ${most} bytes: set max_payload to 1MB there, or at least to 64KB.`,
          {},
        );
      }
      const patience = nats.info?.jetstream ? ELECTING_SECONDS : NONE_SECONDS;
      const manager = await untilElected(() => jetstreamManager(nats, { timeout: TIMEOUT_MS }), patience);
      const reader = await jetstreamManager(nats, { timeout: BRIEF_MS, checkAPI: false });
      const [client, brief] = [TIMEOUT_MS, BRIEF_MS].map((timeout) => jetstream(nats, { timeout }));
      return new Connection(text, nats, [client!, brief!], [manager, reader]);
    } catch (error) {
      await nats.close().catch(() => {});
      throw error instanceof FabricError ? error : noJetStream(error as Error, text);
    }
  }

  /** The most bytes a message may have. */
  get maxPayload(): number {
    return this.#nats.info!.max_payload;
  }

  /** Whether a server is there at this moment. */
  get connected(): boolean {
    return this.#connected;
  }

  publish(subject: string, bytes: Uint8Array, reply?: string): void {
    if (this.#nats.isClosed()) return;
    this.#nats.publish(subject, bytes, reply === undefined ? undefined : { reply });
  }

  /** Gives what ends it. */
  subscribe(subject: string, listener: Listener): () => void {
    const subscription = this.#nats.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) listener(message.data, message.headers?.code === 503, message.reply);
      },
    });
    return () => subscription.unsubscribe();
  }

  /** Asks whoever listens; undefined where nobody does. @throws TimeoutError of NATS */
  async request(subject: string, question: object, seconds: number): Promise<unknown> {
    const { errors } = await import("@nats-io/nats-core");
    try {
      const answer = await this.#nats.request(subject, JSON.stringify(question), { timeout: seconds * 1000 });
      return answer.json();
    } catch (error) {
      if (isNobody(error, errors.NoRespondersError)) return undefined;
      throw error;
    }
  }

  /** Calls back whenever a lost server was replaced by another; gives what ends that. */
  onReconnect(listener: () => void): () => void {
    this.#reconnected.add(listener);
    return () => this.#reconnected.delete(listener);
  }

  /** A key-value bucket that is there; who does not answer is asked again soon. */
  async keys(bucket: string): Promise<KV> {
    const { Kvm } = await import("@nats-io/kv");
    return new Kvm(this.#brief).open(bucket);
  }

  async objects(bucket: string): Promise<ObjectStore> {
    const { Objm } = await import("@nats-io/obj");
    return new Objm(this.jetstream).open(bucket);
  }

  /** Everything that was published is with a server. */
  async flush(): Promise<void> {
    if (!this.#nats.isClosed()) await this.#nats.flush();
  }

  async close(): Promise<void> {
    this.#reconnected.clear();
    // what was said last is with a server, where there is one
    if (this.#connected) await Promise.race([this.flush().catch(() => {}), pause(1000)]);
    await this.#nats.close();
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.#nats.status()) {
      if (type === "disconnect") this.#connected = false;
      if (type !== "reconnect") continue;
      this.#connected = true;
      for (const listener of this.#reconnected) listener();
    }
  }
}

async function clientOptions(options: FabricOptions): Promise<ConnectionOptions> {
  const { hosts, user, pass, secure } = readServers(options.servers);
  const { credsAuthenticator } = await import("@nats-io/nats-core");
  const { tls, credsFile } = options;
  return {
    servers: [...hosts],
    name: "graphvm",
    timeout: TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: 100,
    pingInterval: 5000,
    ...(user === undefined ? {} : { user, pass: pass ?? "" }),
    ...(credsFile === undefined ? {} : { authenticator: credsAuthenticator(await readCreds(credsFile)) }),
    ...(tls || secure ? { tls: { ...tls } } : {}),
  };
}

async function readCreds(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ConnectFailedError(
      `The credentials ${path} can't be read: name a NATS .creds file.`,
      { path },
      { cause: error },
    );
  }
}

function connectError(error: Error, text: string): Error {
  if (error instanceof ConnectFailedError) return error;
  if (/authoriz|authentic|permission|user|credential/i.test(`${error.name} ${error.message}`)) {
    return new RefusedError(
      `${text} refuses these credentials: put user and password into the address, or name a file with --fabric-creds.`,
      {},
      { cause: error },
    );
  }
  return new ConnectFailedError(
    `No NATS server answers at ${text}: start one (npm run fabric:up starts three here), or correct --fabric.`,
    {},
    { cause: error },
  );
}

function noJetStream(error: Error, text: string): FabricError {
  const why = "has no JetStream for this account";
  return new FabricError(
    `${text} ${why}: start nats-server with jetstream, and enable it for the account.`,
    {},
    { cause: error },
  );
}

function isNobody(error: unknown, kind: new (...args: never[]) => Error): boolean {
  return error instanceof kind || (error instanceof Error && error.cause instanceof kind);
}
