import { numericsDigest, toWireError } from "@graphvm/engine";
import * as v from "valibot";
import { ConnectionLostError } from "../errors.js";
import {
  type Join,
  jobSchema,
  nodeIdSchema,
  PROTOCOL_VERSION,
  programSchema,
  sessionSchema,
  VERSION,
  type WorkerJob,
} from "../protocol.js";
import { method, Peer } from "../rpc/peer.js";
import type { DataClient } from "../store/data-client.js";
import type { ObjectStore } from "../store/object-store.js";
import { startThread, type ThreadHost } from "../thread/thread-host.js";
import type { Transport } from "../transport/transport.js";
import type { ComputeResult } from "./compute-thread.js";
import type { InputFiles } from "./input-files.js";

const LOST =
  "The connection to the master was lost: one of the two ended, or gave no sign of life for too long. Start the worker again.";

/** What a worker shares with others of its process. */
export interface WorkerShared {
  readonly store: ObjectStore;
  readonly data: DataClient;
  readonly files: InputFiles;
  /** Where other processes fetch values of this process's store; empty in the master's own. */
  readonly host: string;
  /** Turns the host name a job's input names into an address to dial. */
  readonly address: (host: string) => string;
}

/** A worker as its process sees it. */
export interface WorkerHandle {
  /** The name the master gave it. */
  readonly id: string;
  /** Settles when the worker is over: undefined where it was told to end. */
  readonly over: Promise<Error | undefined>;
  /** Stops the thread at once. */
  kill(): Promise<void>;
}

/**
 * A worker: between the master and a thread that computes. Never blocks, so that it answers while the thread is busy. When
 * the thread dies the link to the master closes, and the other way round.
 *
 * @throws RefusedError where the master does not take it.
 */
export async function startWorker(link: Transport, shared: WorkerShared): Promise<WorkerHandle> {
  const thread = startThread(new URL("./compute-thread.js", import.meta.url));
  const compute = new Peer(thread.transport, {}, "compute thread");
  const master = new Peer(link, workerMethods(compute, shared), "master");
  let lost: Error | undefined;
  const over = new Promise<Error | undefined>((resolve) => {
    thread.transport.onClose((reason) => {
      if (reason) master.emit("died", { error: toWireError(reason) });
      master.close();
      resolve(lost ?? reason);
    });
    link.onClose((reason) => {
      // a link that was closed on purpose has no reason: the master ended in order
      if (reason) lost = new ConnectionLostError(LOST, {}, { cause: reason });
      thread.transport.close();
    });
  });
  return { id: await join(master, thread, shared.host), over, kill: () => thread.kill() };
}

async function join(master: Peer, thread: ThreadHost, host: string): Promise<string> {
  const hello: Join = {
    protocol: PROTOCOL_VERSION,
    version: VERSION,
    numerics: numericsDigest(),
    host,
    node: process.version,
  };
  try {
    return (await master.call<{ id: string }>("join", hello)).id;
  } catch (error) {
    await thread.kill();
    master.close();
    throw error;
  }
}

function workerMethods(compute: Peer, shared: WorkerShared) {
  return {
    configure: method(sessionSchema, (session) => {
      // the master's own threads share its store with others that go on: the master clears it itself
      if (shared.host !== "") shared.store.clear();
      return compute.call("configure", session);
    }),
    clear: method(v.object({}), () => compute.call("clear")),
    load: method(programSchema, (program) => compute.call("load", program)),
    run: method(jobSchema, (job) => runJob(job, compute, shared)),
    get: method(v.object({ id: nodeIdSchema }), async ({ id }) => compute.call<ComputeResult>("get", { id })),
  };
}

/** What a worker answers to `run`. */
export type RunAnswer =
  | { readonly digest: string; readonly size: number }
  | { readonly missing: readonly string[]; readonly host: string };

async function runJob(job: WorkerJob, compute: Peer, shared: WorkerShared): Promise<RunAnswer> {
  const { graph } = shared.store;
  const inputs: { id: string; bytes: Uint8Array | null }[] = [];
  for (const { id, hosts } of job.inputs) {
    // the value of a job that is never copied has no host: it is in the thread already
    if (hosts.length === 0) inputs.push({ id, bytes: null });
    else {
      const fetched = await fetchInput(id, hosts, shared);
      if (typeof fetched === "string") return { missing: [id], host: fetched };
      inputs.push({ id, bytes: fetched });
    }
  }
  const files = await shared.files.place(job.files);
  const { id, refs, noCopy } = job;
  const result = await compute.call<ComputeResult>("run", { id, refs, inputs, files, noCopy });
  if (result.bytes) shared.store.put(id, result.bytes, graph);
  return { digest: result.digest, size: result.size };
}

/** The bytes of an input, from this process's store or from one that has them; the host's name where it has them no more. */
async function fetchInput(id: string, hosts: readonly string[], shared: WorkerShared): Promise<Uint8Array | string> {
  const own = shared.store.get(id);
  if (own) return own.bytes;
  const { graph } = shared.store;
  const host = hosts[0]!;
  try {
    const bytes = await shared.data.value(shared.address(host), id);
    shared.store.put(id, bytes, graph);
    return bytes;
  } catch {
    return host;
  }
}
