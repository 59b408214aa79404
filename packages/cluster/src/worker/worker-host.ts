import { CancelledError, type Labels, numericsDigest, toWireError } from "@graphvm/engine";
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
import type { SentBytes } from "../store/sent-bytes.js";
import { systemClock } from "../transport/clock.js";
import type { Transport } from "../transport/transport.js";
import { ComputeHost } from "./compute-host.js";
import type { ComputeResult } from "./compute-thread.js";
import { fetchInput } from "./fetch-input.js";
import type { InputFiles } from "./input-files.js";
import { type NodeDigest, nodesSchema } from "./inspect-job.js";
import { againSchema, runAgain } from "./run-again.js";
import { UsageNews } from "./usage-news.js";

const LOST =
  "The connection to the master was lost: one of the two ended, or gave no sign of life for too long. Start the worker again.";

/** What a worker shares with others of its process. */
export interface WorkerShared {
  readonly store: ObjectStore;
  readonly data: DataClient;
  readonly files: InputFiles;
  /** How many bytes of values the worker's thread works with in memory; the rest lies in its folder. */
  readonly memory?: number | undefined;
  /** Where other processes fetch values of this process's store; empty in the master's own. */
  readonly host: string;
  readonly labels: Labels;
  /** What this process sent to others. */
  readonly sent: SentBytes;
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
 * the thread dies the link to the master closes, and the other way round; a thread that the master wants stopped is replaced.
 *
 * @throws RefusedError where the master does not take it.
 */
export async function startWorker(link: Transport, shared: WorkerShared): Promise<WorkerHandle> {
  const compute = new ComputeHost();
  const usage = new UsageNews(
    () => ({ held: shared.store.bytes, spilled: shared.store.spilledBytes, moved: shared.data.received }),
    (news) => master.emit("usage", news),
    systemClock,
  );
  // the master knows what its own process holds
  const jobs = new RunningJobs(compute, shared, () => shared.host !== "" && usage.changed());
  const master = new Peer(link, workerMethods(compute, jobs, shared), "master");
  master.on("abort", () => jobs.abort());
  // what the threads of the master's own process send it knows itself
  if (shared.host !== "") reportSent(master, shared.sent);
  let lost: Error | undefined;
  const over = new Promise<Error | undefined>((resolve) => {
    compute.onClose((reason) => {
      usage.close();
      if (reason) master.emit("died", { error: toWireError(reason) });
      master.close();
      resolve(lost ?? reason);
    });
    link.onClose((reason) => {
      // a link that was closed on purpose has no reason: the master ended in order
      if (reason) lost = new ConnectionLostError(LOST, {}, { cause: reason });
      void compute.kill();
    });
  });
  return { id: await join(master, compute, shared), over, kill: () => compute.kill() };
}

/** How long news of what was sent wait for more, in milliseconds. */
const SENT_EVERY = 20;

function reportSent(master: Peer, sent: SentBytes): void {
  let told = true;
  sent.onChange(() => {
    if (!told) return;
    told = false;
    setTimeout(() => {
      told = true;
      master.emit("sent", sent.totals);
    }, SENT_EVERY).unref();
  });
}

async function join(master: Peer, compute: ComputeHost, { host, labels }: WorkerShared): Promise<string> {
  const hello: Join = {
    protocol: PROTOCOL_VERSION,
    version: VERSION,
    numerics: numericsDigest(),
    host,
    node: process.version,
    labels,
  };
  try {
    return (await master.call<{ id: string }>("join", hello)).id;
  } catch (error) {
    await compute.kill();
    master.close();
    throw error;
  }
}

function workerMethods(compute: ComputeHost, jobs: RunningJobs, shared: WorkerShared) {
  return {
    configure: method(sessionSchema, (session) => {
      // the master's own threads share its store with others that go on: the master clears it itself
      if (shared.host !== "") shared.store.clear();
      return compute.configure(shared.memory === undefined ? session : { ...session, memory: shared.memory });
    }),
    clear: method(v.object({}), () => compute.clear()),
    load: method(programSchema, (program) => compute.load(program)),
    run: method(jobSchema, (job) => jobs.run(job)),
    stop: method(v.object({}), () => jobs.stop()),
    nodes: method(nodesSchema, async (job) => compute.call<NodeDigest[]>("nodes", job)),
    again: method(againSchema, (job) => runAgain(job, compute, shared)),
    input: method(v.object({ uri: v.string() }), ({ uri }) => shared.files.find(uri)),
    get: method(v.object({ id: nodeIdSchema }), async ({ id }): Promise<ComputeResult> => {
      const { graph } = shared.store;
      const { digest, size, bytes } = await compute.call<ComputeResult>("get", { id });
      const own = shared.host === "";
      if (!own && size > SMALL) {
        // it is fetched from here like any other
        await shared.store.put(id, bytes!, graph);
        return { digest, size };
      }
      if (!own) shared.sent.add("", size);
      return { digest, size, ...(bytes ? { bytes } : {}) };
    }),
  };
}

/** Values up to so many bytes come with the answer, where a client waits for them. */
const SMALL = 16 * 1024;

/** What a worker answers to `run`. */
export type RunAnswer =
  | { readonly digest: string; readonly size: number; readonly bytes?: Uint8Array }
  | { readonly missing: readonly string[]; readonly host: string };

/** The jobs a worker was given: one at a time, unless the master forgot one that goes on. */
class RunningJobs {
  readonly #compute: ComputeHost;
  readonly #shared: WorkerShared;
  #running = new Set<{ aborted: boolean }>();

  readonly #over: () => void;

  /** @param over Called when a job has come to its end. */
  constructor(compute: ComputeHost, shared: WorkerShared, over: () => void) {
    this.#compute = compute;
    this.#shared = shared;
    this.#over = over;
  }

  async run(job: WorkerJob): Promise<RunAnswer> {
    const running = { aborted: false };
    this.#running.add(running);
    try {
      return await this.#run(job, running);
    } finally {
      this.#running.delete(running);
      this.#over();
    }
  }

  /** Tells what runs to end when it can. */
  abort(): void {
    for (const running of this.#running) running.aborted = true;
    this.#compute.emit("abort", {});
  }

  /** Kills what runs; settles when the worker can take jobs again. */
  stop(): Promise<void> {
    for (const running of this.#running) running.aborted = true;
    return this.#compute.restart();
  }

  async #run(job: WorkerJob, running: { readonly aborted: boolean }): Promise<RunAnswer> {
    const { store, files: placer } = this.#shared;
    const { graph } = store;
    const inputs: { id: string; bytes: Uint8Array | null }[] = [];
    for (const input of job.inputs) {
      const { id, hosts } = input;
      // the value of a job that is never copied has no host: it is in the thread already
      if (hosts.length === 0) inputs.push({ id, bytes: null });
      else {
        const fetched = await fetchInput(input, this.#shared);
        if (typeof fetched === "string") return { missing: [id], host: fetched };
        inputs.push({ id, bytes: fetched });
      }
    }
    const files = await placer.place(job.files);
    // between here and the thread nothing is awaited: whoever aborts now finds the job there
    if (running.aborted) throw new CancelledError("The job was stopped before it began.", {});
    const { id, refs, noCopy, bound } = job;
    const result = await this.#compute.call<ComputeResult>("run", { id, refs, inputs, files, noCopy });
    const { digest, size, bytes } = result;
    if (bytes) await store.put(id, bytes, graph, bound);
    // what is bound to a plane goes to no client
    const along = job.wanted && bound === undefined && bytes && size <= SMALL && this.#shared.host !== "";
    if (!along) return { digest, size };
    this.#shared.sent.add("", size);
    return { digest, size, bytes };
  }
}
