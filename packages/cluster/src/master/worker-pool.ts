import { type Labels, numericsDigest } from "@graphvm/engine";
import * as v from "valibot";
import { BadAnswerError, ConnectionLostError, PeerSilentError, RefusedError } from "../errors.js";
import type { Program } from "../program/program.js";
import {
  bytesSchema,
  heldSchema,
  type JobFile,
  type Join,
  joinSchema,
  nodeIdSchema,
  PROTOCOL_VERSION,
  type Returning,
  type RunAnswer,
  runAnswerSchema,
  sha256Schema,
  VERSION,
  type WorkerJob,
} from "../protocol.js";
import { method, Peer } from "../rpc/peer.js";
import type { HeldValue } from "../scheduler/types.js";
import { type Clock, systemClock } from "../transport/clock.js";
import type { Transport } from "../transport/transport.js";
import type { NodeDigest } from "../worker/inspect-job.js";
import { type Usage, usageSchema } from "../worker/usage-news.js";
import { Traffic } from "./traffic.js";

/** What a worker must be told before its first job. */
export interface SessionSetup {
  readonly session: {
    /** Which session it is, and which of its graphs: what a worker that comes back holds is of these or of no use. */
    readonly session: string;
    readonly graph: number;
    readonly seed: number;
    readonly epoch: number;
    readonly strict: boolean;
  };
  readonly programs: readonly Program[];
}

/** What the pool tells its master. */
export interface PoolEvents {
  /** `brings`: what a worker that comes back has and computes of this graph. */
  joined(worker: string, join: Join, brings: Pick<Returning, "held" | "running">): void;
  /** A job ended while nobody could be told. */
  brought(worker: string, host: string, held: readonly HeldValue[]): void;
  /** A worker is about to leave and waits to be released. */
  leaving(worker: string): void;
  /**
   * `hostLost`: no other worker of its process is left. `reason`: what ended it, where it could still say so. `orderly`: it
   * had said that it leaves.
   */
  left(worker: string, hostLost: boolean, reason: string | undefined, orderly: boolean): void;
}

interface PoolWorker {
  readonly id: string;
  readonly join: Join;
  readonly peer: Peer;
  /** What its process said last of its values. */
  usage: Usage;
  /** It leaves; whoever calls lets it go. */
  release?: () => void;
}

const NOTHING: Usage = { held: 0, spilled: 0, moved: 0 };

const inputSchema = v.object({
  sha256: sha256Schema,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  volume: v.exactOptional(v.pipe(v.string(), v.maxLength(64))),
});
const sentSchema = v.record(v.string(), v.pipe(v.number(), v.safeInteger(), v.minValue(0)));
const valueSchema = v.object({ digest: sha256Schema, bytes: v.exactOptional(bytesSchema) });
const digestsSchema = v.array(v.tuple([nodeIdSchema, v.string(), sha256Schema]));
const diedSchema = v.object({ error: v.object({ message: v.pipe(v.string(), v.maxLength(10_000)) }) });

/** How long a worker may take to kill its thread and have another that knows the programs, in seconds. */
const STOP_SECONDS = 60;

/** Calls of a worker that may be unanswered: it joins, and answers from then on. */
const CALLS = 10;

/** The workers that are connected to a master. */
export class WorkerPool {
  readonly #workers = new Map<string, PoolWorker>();
  readonly #setup: () => SessionSetup;
  readonly #events: PoolEvents;
  readonly #clock: Clock;
  readonly #traffic = new Traffic();
  #joined = 0;
  /** Fetched by workers that are gone. */
  #moved = 0;

  constructor(setup: () => SessionSetup, events: PoolEvents, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#setup = setup;
    this.#events = events;
  }

  get size(): number {
    return this.#workers.size;
  }

  /** Takes a new link on which a worker will ask to join; `own` where it is a thread of this process. */
  accept(link: Transport, own = false): void {
    let joined = false;
    let late: HeldValue[] = [];
    let tell = (held: HeldValue[]): void => {
      late = [...late, ...held];
    };
    let leave = (): Promise<null> => Promise.reject(new RefusedError("Nobody leaves who has not joined.", {}));
    const join = method(joinSchema, (hello) => {
      if (joined) throw new RefusedError("This worker has joined already: open another link for another worker.", {});
      refuseStranger(hello);
      if ((hello.host === "") !== own) throw new RefusedError("A worker elsewhere must say where its values are.", {});
      joined = true;
      return this.#join(peer, hello, (id, graph) => {
        leave = () => this.#leaving(id);
        tell = (held) => this.#events.brought(id, hello.host, held);
        // what it said before it was emptied is of a graph that is gone
        if (graph === "kept" && late.length > 0) tell(late);
      });
    });
    const peer: Peer = new Peer(link, { join, leave: method(v.strictObject({}), () => leave()) }, "worker", CALLS);
    peer.on("held", (news) => {
      const said = v.safeParse(heldSchema, news);
      if (said.success) tell(said.output);
    });
  }

  async run(worker: string, job: WorkerJob & { readonly files: readonly JobFile[] }): Promise<RunAnswer> {
    const files = filesFor(this.#get(worker).join, job.files);
    const answer = await this.#ask(worker, "run", { ...job, files }, runAnswerSchema);
    if ("missing" in answer && !isOfJob(answer, job))
      throw this.#dismiss(worker, new BadAnswerError("It misses inputs that its job does not have.", { worker }));
    return answer;
  }

  /** A value inside a job; without bytes where it is to be fetched from the worker's host. */
  async get(worker: string, id: string): Promise<{ bytes?: Uint8Array; digest: string; host: string }> {
    const { host } = this.#get(worker).join;
    return { ...(await this.#ask(worker, "get", { id }, valueSchema)), host };
  }

  /** The digests of the nodes that a worker computed for a job, dependencies first. */
  async nodes(worker: string, id: string, inputs: readonly string[]): Promise<NodeDigest[]> {
    return this.#ask(worker, "nodes", { id, inputs }, digestsSchema);
  }

  /** Runs a job once more on a fresh graph; the digests of its nodes there. */
  async again(worker: string, job: Omit<WorkerJob, "noCopy">): Promise<NodeDigest[]> {
    const { id, refs, inputs } = job;
    const files = filesFor(this.#get(worker).join, job.files);
    return this.#ask(worker, "again", { id, refs, inputs, files }, digestsSchema);
  }

  /** Tells a job that runs on a worker to end when it can. */
  abort(worker: string, job: string): void {
    this.#workers.get(worker)?.peer.emit("abort", { job });
  }

  /** Asks for a job back that has not begun: its run is answered with that, or goes on. */
  unrun(worker: string, job: string): void {
    this.#workers.get(worker)?.peer.emit("unrun", { job });
  }

  /** Kills what computes in a worker; settles when it has another thread, or is gone. */
  async stop(worker: string): Promise<void> {
    const found = this.#workers.get(worker);
    if (!found) return;
    const { peer } = found;
    const cancel = this.#clock.after(STOP_SECONDS, () => {
      this.#leave(found, `its thread had not been stopped after ${STOP_SECONDS} s`);
      peer.close();
    });
    await peer
      .call("stop")
      .catch(() => peer.close())
      .finally(cancel);
  }

  /** Has a worker fetch a value and keep it; where that lies then, undefined where it could not be had. */
  async keep(worker: string, input: WorkerJob["inputs"][number]): Promise<string | undefined> {
    try {
      const kept = await this.#ask(worker, "keep", input, v.boolean());
      return kept ? this.#get(worker).join.host : undefined;
    } catch {
      return undefined; // what is computed again where it is needed
    }
  }

  /** Whether a worker has said that it leaves. */
  isLeaving(worker: string): boolean {
    return this.#workers.get(worker)?.release !== undefined;
  }

  /** A worker that leaves may go. */
  release(worker: string): void {
    this.#workers.get(worker)?.release?.();
  }

  has(worker: string): boolean {
    return this.#workers.has(worker);
  }

  /** Calls every worker; one that goes away meanwhile does not count. */
  broadcast(name: string, params: unknown): Promise<void> {
    return this.#each(async (peer) => {
      await peer.call(name, params);
    });
  }

  /** Tells every worker everything anew: session and programs. Its graph is empty then. */
  async tellAll(): Promise<void> {
    const setup = this.#setup();
    await this.#each((peer) => tell(peer, setup, this.#clock));
  }

  /** Empties every worker's graph. */
  async emptyAll(): Promise<void> {
    const { session } = this.#setup();
    await this.#each((peer) => unblocked(peer, "configure", session, this.#clock));
  }

  closeAll(): void {
    for (const { peer } of this.#workers.values()) peer.close();
  }

  list(): { id: string; host: string; node: string; labels: Labels; usage: Usage }[] {
    return [...this.#workers.values()].map(({ id, join, usage }) => {
      const { host, node, labels = {} } = join;
      return { id, host, node, labels, usage };
    });
  }

  /** Bytes that workers of other processes fetched so far, as far as they have said. */
  get moved(): number {
    let moved = this.#moved;
    for (const { usage } of this.#workers.values()) moved += usage.moved;
    return moved;
  }

  /** What a file is that only that worker's own root has. */
  async input(worker: string, uri: string): Promise<v.InferOutput<typeof inputSchema>> {
    return this.#ask(worker, "input", { uri }, inputSchema);
  }

  /** Bytes of such a file, where its plane lets them out. */
  async inputBytes(
    worker: string,
    piece: { readonly uri: string; readonly plane: string; readonly sha256: string; readonly offset: number },
  ): Promise<Uint8Array> {
    return (await this.#ask(worker, "inputBytes", piece, v.object({ bytes: bytesSchema }))).bytes;
  }

  /** What workers, gone ones too, sent to other processes. */
  get traffic(): Traffic {
    return this.#traffic;
  }

  async #each(work: (peer: Peer) => Promise<void>): Promise<void> {
    const all = [...this.#workers.values()].map(async ({ peer }) => {
      try {
        await work(peer);
      } catch (error) {
        if (!(error instanceof ConnectionLostError)) throw error;
      }
    });
    // all of them have answered before the first failure is told: none is in the middle of something then
    const failed = (await Promise.allSettled(all)).find((each) => each.status === "rejected");
    if (failed) throw failed.reason;
  }

  /** Asks a worker; one that answers in no form of ours is sent away, and what it had goes elsewhere. */
  async #ask<S extends v.GenericSchema>(
    worker: string,
    name: string,
    params: unknown,
    schema: S,
  ): Promise<v.InferOutput<S>> {
    try {
      return await this.#get(worker).peer.ask(name, params, schema);
    } catch (error) {
      throw error instanceof BadAnswerError ? this.#dismiss(worker, error) : error;
    }
  }

  /** Sends a worker away that does not keep to the protocol; what its caller is told. */
  #dismiss(id: string, why: BadAnswerError): ConnectionLostError {
    const worker = this.#workers.get(id);
    if (worker) this.#leave(worker, why.message);
    worker?.peer.close();
    return new ConnectionLostError(`The worker ${id} was sent away: ${why.message}`, { worker: id }, { cause: why });
  }

  #get(id: string): PoolWorker {
    const worker = this.#workers.get(id);
    if (!worker) throw new ConnectionLostError(`The worker ${id} is gone.`, { worker: id });
    return worker;
  }

  async #join(peer: Peer, join: Join, taken: (id: string, graph: "kept" | "emptied") => void): Promise<{ id: string }> {
    const id = `w${++this.#joined}`;
    const worker: PoolWorker = { id, join, peer, usage: NOTHING };
    this.#leftBehind(join);
    let told: SessionSetup;
    let has: Returning | undefined = join.back;
    do {
      told = this.#setup();
      has = await catchUp(peer, told, has, this.#clock);
      // what was loaded meanwhile
    } while (this.#setup() !== told);
    let reason: string | undefined;
    peer.on("died", (news) => {
      const said = v.safeParse(diedSchema, news);
      if (said.success) reason = said.output.error.message;
    });
    peer.on("usage", (news) => {
      const said = v.safeParse(usageSchema, news);
      if (said.success) worker.usage = said.output;
    });
    peer.on("sent", (news) => {
      const said = v.safeParse(sentSchema, news);
      if (said.success) this.#traffic.set(join.host, join.labels?.plane ?? "", said.output);
    });
    this.#workers.set(worker.id, worker);
    this.#events.joined(worker.id, join, has ?? { held: [] });
    taken(worker.id, has ? "kept" : "emptied");
    peer.onClose((closed) => {
      if (closed instanceof PeerSilentError) reason ??= closed.message;
      this.#leave(worker, reason);
    });
    return { id };
  }

  /** Settles when the worker may go. */
  #leaving(id: string): Promise<null> {
    const worker = this.#get(id);
    return new Promise((resolve) => {
      worker.release = () => resolve(null);
      this.#events.leaving(id);
    });
  }

  #leave(worker: PoolWorker, reason: string | undefined): void {
    if (!this.#workers.delete(worker.id)) return;
    this.#moved += worker.usage.moved;
    const { host } = worker.join;
    const last = host !== "" && ![...this.#workers.values()].some(({ join }) => join.host === host);
    this.#events.left(worker.id, last, reason, worker.release !== undefined);
  }

  /** A worker that dials again has lost the link it had, whether that has been noticed here or not. */
  #leftBehind({ host, back }: Join): void {
    const before = back && this.#workers.get(back.worker);
    if (before?.join.host !== host) return;
    this.#leave(before, "its link was lost, and it came back over another");
    before.peer.close();
  }
}

/** Whether what a worker misses is something its job was to fetch from there. */
function isOfJob(answer: { readonly missing: readonly string[]; readonly host: string }, job: WorkerJob): boolean {
  return answer.missing.every((id) => job.inputs.some((input) => input.id === id && input.hosts.includes(answer.host)));
}

/** Paths of the master mean something only to threads of its own process. */
function filesFor(join: Join, files: readonly JobFile[]): readonly JobFile[] {
  return join.host === "" ? files : files.map(({ path: _path, mtimeMs: _time, ino: _ino, ...file }) => file);
}

/** How long a thread may go on with what nobody wants any more before it is killed, in seconds. */
const GRACE = 1;

/** Calls a worker's thread, which may be busy with a job of a graph that is gone: where that does not end soon, it is killed. */
async function unblocked(peer: Peer, name: string, params: unknown, clock: Clock): Promise<void> {
  const answered = peer.call(name, params);
  const cancel = clock.after(GRACE, () => void peer.call("stop").catch(() => peer.close()));
  await answered.finally(cancel);
}

async function tell(peer: Peer, { session, programs }: SessionSetup, clock: Clock): Promise<void> {
  await unblocked(peer, "clear", {}, clock);
  await peer.call("configure", session);
  for (const program of programs) await peer.call("load", program);
}

/** Tells a worker what it lacks; everything, where what it has is not of this graph. Gives what it has of it then. */
async function catchUp(
  peer: Peer,
  setup: SessionSetup,
  has: Returning | undefined,
  clock: Clock,
): Promise<Returning | undefined> {
  const { session, programs } = setup;
  const same =
    has !== undefined &&
    has.session === session.session &&
    has.graph === session.graph &&
    has.programs.every((hash, i) => programs[i]?.hash === hash);
  if (!same) {
    await tell(peer, setup, clock);
    return undefined;
  }
  for (const program of programs.slice(has.programs.length)) await peer.call("load", program);
  return { ...has, programs: programs.map(({ hash }) => hash) };
}

function refuseStranger(join: Join): void {
  if (join.protocol !== PROTOCOL_VERSION || join.version !== VERSION) {
    throw new RefusedError(
      `The worker runs graphvm ${join.version}, the master ${VERSION}: install the same version on both.`,
      { worker: join.version, master: VERSION },
    );
  }
  const numerics = numericsDigest();
  if (join.numerics !== numerics) {
    throw new RefusedError(
      `The worker's Math functions give other bits than the master's (Node ${join.node} and ${process.version}): run the same Node version on both.`,
      { worker: join.numerics, master: numerics },
    );
  }
}
