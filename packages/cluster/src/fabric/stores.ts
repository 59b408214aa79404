import type { StreamConfig } from "@nats-io/jetstream";
import { FabricError } from "../errors.js";
import type { Connection } from "./connection.js";
import type { Names } from "./names.js";
import type { FabricRoom } from "./options.js";

const GB = 1024 * 1024 * 1024;
const SECOND = 1_000_000_000;

/** An entry of the key-value bucket that nobody renews goes after so long, in seconds. */
export const ENTRY_SECONDS = 30;

/** Error codes of JetStream: https://github.com/nats-io/nats-server/blob/main/server/errors.json */
export const CODE = {
  notFound: 10059,
  exists: 10058,
  wrongSequence: 10071,
  /** One server alone keeps no replicas. */
  notClustered: 10074,
} as const;

/** What a cluster keeps on NATS, each with its limits; made where it is not there. @throws FabricError */
export async function makeStores(connection: Connection, names: Names, room: FabricRoom = {}): Promise<void> {
  const { journal = GB, blobs = GB, jobs = 100_000 } = room;
  const replicas = await replicasOf(connection, names, journal);
  const { Kvm } = await import("@nats-io/kv");
  const { Objm } = await import("@nats-io/obj");
  await made(names.jobStream, () => addStream(connection, jobConfig(names, replicas, jobs)));
  await made(names.bucket, () =>
    new Kvm(connection.jetstream).create(names.bucket, {
      replicas,
      history: 1,
      ttl: ENTRY_SECONDS * 1000,
      max_bytes: 16 * 1024 * 1024,
      allow_direct: false, // a lease is read where it is decided
    }),
  );
  await made(names.blobs, () => new Objm(connection.jetstream).create(names.blobs, { replicas, max_bytes: blobs }));
}

/** Removes what a cluster kept. */
export async function removeStores(connection: Connection, names: Names): Promise<void> {
  const { manager } = connection;
  const streams = [names.journalStream, names.jobStream, `OBJ_${names.blobs}`, `KV_${names.bucket}`];
  for (const stream of streams) await manager.streams.delete(stream).catch(() => {});
}

/** Three where there are three servers to keep them: the journal stream is the first that is made, and tells. */
async function replicasOf(connection: Connection, names: Names, bytes: number): Promise<number> {
  const three = journalConfig(names, 3, bytes);
  try {
    await addStream(connection, three);
    return 3;
  } catch (error) {
    if (codeOf(error) === CODE.exists)
      return (await connection.manager.streams.info(names.journalStream)).config.num_replicas;
    if (codeOf(error) !== CODE.notClustered) throw refused(names.journalStream, error);
  }
  await made(names.journalStream, () => addStream(connection, { ...three, num_replicas: 1 }));
  return 1;
}

function journalConfig(names: Names, replicas: number, bytes: number): StreamPart {
  return {
    name: names.journalStream,
    subjects: [names.journal(">")],
    num_replicas: replicas,
    max_bytes: bytes,
    discard: "new",
    duplicate_window: 120 * SECOND,
  };
}

function jobConfig(names: Names, replicas: number, jobs: number): StreamPart {
  return {
    name: names.jobStream,
    subjects: [names.allJobs],
    num_replicas: replicas,
    retention: "workqueue",
    max_msgs: jobs,
    max_bytes: GB / 8,
    max_age: 3600 * SECOND,
    discard: "new",
    duplicate_window: 120 * SECOND,
  };
}

type StreamPart = Partial<StreamConfig> & { readonly name: string };

async function addStream(connection: Connection, config: StreamPart): Promise<void> {
  await connection.manager.streams.add({ storage: "file", ...config } as StreamPart);
}

async function made(what: string, make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (codeOf(error) !== CODE.exists) throw refused(what, error);
  }
}

function refused(what: string, cause: unknown): FabricError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new FabricError(
    `NATS does not make ${what} (${why}): give the account room in JetStream, and have all servers of its cluster up.`,
    { stream: what },
    { cause },
  );
}

/** The code of an error of JetStream. */
export function codeOf(error: unknown): number | undefined {
  const { code } = error as { readonly code?: unknown };
  if (typeof code === "number") return code;
  const { cause } = error as { readonly cause?: unknown };
  return cause === undefined || cause === error ? undefined : codeOf(cause);
}
