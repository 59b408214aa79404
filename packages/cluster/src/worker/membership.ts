import { numericsDigest, toWireError } from "@graphvm/engine";
import * as v from "valibot";
import { ConnectionLostError } from "../errors.js";
import {
  inputSchema,
  type Join,
  jobIn,
  jobSchema,
  nodeIdSchema,
  PROTOCOL_VERSION,
  programSchema,
  type Returning,
  type RunAnswer,
  VERSION,
  workerSessionSchema,
} from "../protocol.js";
import { type Methods, method, Peer } from "../rpc/peer.js";
import type { Transport } from "../transport/transport.js";
import { traced } from "../watch/trace.js";
import { capturedPiece, inputPieceSchema } from "./captured-piece.js";
import type { ComputeHost } from "./compute-host.js";
import type { ComputeValue } from "./compute-thread.js";
import { fetchInput } from "./fetch-input.js";
import { type NodeDigest, nodesSchema } from "./inspect-job.js";
import { againSchema, runAgain } from "./run-again.js";
import { type RunningJobs, SMALL } from "./running-jobs.js";
import type { WorkerShared } from "./worker-shared.js";

/** Dials the master again until `join` works; rejects when there is no hope left. */
export type Again = (join: (link: Transport) => Promise<void>, signal: AbortSignal) => Promise<void>;

const LOST =
  "The connection to the master was lost: one of the two ended, or gave no sign of life for too long. Start the worker again.";

/** A worker's place in a session, over all its links to masters of that session. */
export class Membership {
  readonly #compute: ComputeHost;
  readonly #jobs: RunningJobs;
  readonly #shared: WorkerShared;
  readonly #ending = new AbortController();
  /** The link there is, or the last one. */
  #master: Peer | undefined;
  #session: { readonly session: string; readonly graph: number } | undefined;
  #lost: Error | undefined;
  #leaving = false;
  #id = "";

  constructor(compute: ComputeHost, jobs: RunningJobs, shared: WorkerShared) {
    this.#compute = compute;
    this.#jobs = jobs;
    this.#shared = shared;
  }

  /** The name the master gave. */
  get id(): string {
    return this.#id;
  }

  /** Joins over a new link; when that is lost, `again`, if there is one. */
  async join(link: Transport, again: Again | undefined): Promise<void> {
    const master = new Peer(
      link,
      this.#methods(() => master),
      "master",
    );
    this.#master = master;
    master.on("abort", (said) => this.#jobs.abort(jobIn(said)));
    master.on("unrun", (said) => this.#jobs.giveBack(jobIn(said)));
    try {
      this.#id = (await master.call<{ id: string }>("join", this.#hello())).id;
    } catch (error) {
      master.close();
      throw error;
    }
    link.onClose((reason) => this.#closed(reason, again));
  }

  /** Settles when the master has no more use for this worker, or is gone: jobs that have not begun go back, none comes. */
  async leave(): Promise<void> {
    this.#leaving = true;
    // in this order: what comes back is not to be sent here again
    const released = this.#master?.call("leave", {});
    this.#jobs.drain();
    await released?.catch(() => {});
  }

  /** Tells the master something, where there is one. */
  tell(event: string, data: unknown): void {
    this.#master?.emit(event, data);
  }

  /** The thread is gone, and the worker with it; what is to be said of that. */
  end(reason: Error | undefined): Error | undefined {
    this.#ending.abort();
    if (reason) this.#master?.emit("died", { error: toWireError(reason) });
    this.#master?.close();
    return this.#lost ?? reason;
  }

  #closed(reason: Error | undefined, again: Again | undefined): void {
    // what had not begun nobody knows to be here any more
    this.#jobs.startOver();
    // a link that was closed on purpose has no reason: the master ended in order
    if (this.#leaving) void this.#compute.kill();
    else if (reason && again && !this.#ending.signal.aborted) {
      again((link) => this.join(link, again), this.#ending.signal).catch((error: unknown) => this.#giveUp(error));
    } else if (reason) this.#giveUp(reason);
    else void this.#compute.kill();
  }

  #giveUp(cause: unknown): void {
    this.#lost = new ConnectionLostError(LOST, {}, { cause });
    void this.#compute.kill();
  }

  #hello(): Join {
    return {
      protocol: PROTOCOL_VERSION,
      version: VERSION,
      numerics: numericsDigest(),
      host: this.#shared.host,
      node: process.version,
      labels: this.#shared.labels,
      ...(this.#session ? { back: this.#returning(this.#session) } : {}),
    };
  }

  #returning({ session, graph }: { readonly session: string; readonly graph: number }): Returning {
    return {
      worker: this.#id,
      session,
      graph,
      programs: this.#compute.programs,
      held: this.#jobs.held(),
      running: this.#jobs.running(),
    };
  }

  #methods(link: () => Peer): Methods {
    const compute = this.#compute;
    return {
      configure: method(workerSessionSchema, ({ session, graph, ...own }) => {
        // the master's own threads share its store with others that go on: the master clears it itself
        if (this.#shared.host !== "") this.#shared.store.clear();
        this.#jobs.forget();
        this.#session = { session, graph };
        const { memory } = this.#shared;
        return compute.configure(memory === undefined ? own : { ...own, memory });
      }),
      clear: method(v.object({}), () => compute.clear()),
      load: method(programSchema, (program) => compute.load(program)),
      run: method(jobSchema, async (job): Promise<RunAnswer> => {
        const about = { "graphvm.job": job.id };
        const answer = await traced("graphvm.run", "SERVER", about, async (span) => {
          const given = await this.#jobs.run(job);
          if ("seconds" in given) span.setAttribute("graphvm.seconds", given.seconds);
          return given;
        });
        // whoever gave the job may have lost sight of it, and another link may be there by now
        if (link() !== this.#master && "digest" in answer) this.#tellLate(job.id);
        return answer;
      }),
      stop: method(v.object({}), () => this.#jobs.stop()),
      /** A value of a worker that leaves: whether it is here now. */
      keep: method(inputSchema, async (input): Promise<boolean> => {
        await fetchInput(input, this.#shared);
        return this.#shared.store.has(input.id);
      }),
      nodes: method(nodesSchema, async (job) => compute.call<NodeDigest[]>("nodes", job)),
      again: method(againSchema, (job) => runAgain(job, compute, this.#shared)),
      input: method(v.object({ uri: v.string() }), ({ uri }) => this.#shared.files.find(uri)),
      inputBytes: method(inputPieceSchema, (piece) => capturedPiece(piece, this.#shared)),
      get: method(v.object({ id: nodeIdSchema }), ({ id }) => this.#get(id)),
    };
  }

  /** A value inside a job. */
  async #get(id: string): Promise<ComputeValue> {
    const { store, sent, host } = this.#shared;
    const { graph } = store;
    const { digest, size, bytes } = await this.#compute.call<ComputeValue>("get", { id });
    this.#jobs.exports.check(id, size);
    if (host !== "" && size > SMALL) {
      // it is fetched from here like any other
      await store.put(id, bytes!, graph);
      return { digest, size };
    }
    if (host !== "") sent.add("", size);
    return { digest, size, ...(bytes ? { bytes } : {}) };
  }

  #tellLate(id: string): void {
    this.#master?.emit(
      "held",
      this.#jobs.held().filter(({ job }) => job === id),
    );
  }
}
