import { fileURLToPath } from "node:url";
import { decodeValue, nodeId, type Ref } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import { type WireRefs, writeRefs } from "@graphvm/rules/internal";
import * as v from "valibot";
import type { JobStory } from "../master/explain-job.js";
import type { JobCounts } from "../master/job-runner.js";
import type { ClientRole } from "../master/method-roles.js";
import type { Progress } from "../master/progress.js";
import type { JobOutcome, SessionStatus } from "../master/session.js";
import type { GraphPicture } from "../planner/picture.js";
import { bundleFile, bundleSource } from "../program/bundle.js";
import { generatedName, type RuleBodies, rulesModule } from "../program/generated.js";
import { hostOfNamespace } from "../program/host-modules.js";
import type { Program } from "../program/program.js";
import { ProgramSet } from "../program/program-set.js";
import { gather } from "../store/pieces.js";
import { traced } from "../watch/trace.js";
import {
  nodeValueAnswer,
  pieceAnswer,
  planAnswer,
  progressNews,
  recordingAnswer,
  recordingPieceAnswer,
  storyAnswer,
  valueAnswer,
  waitAnswer,
} from "./answers.js";
import type { Jobs } from "./jobs.js";
import type { MasterLink } from "./master-link.js";
import { fetchRecording, type RecordingFile } from "./recording-file.js";

/** A module's exports; name the type to have them typed: `session.load<typeof import("./fraud.js")>("./fraud.ts")`. */
export type Module = { readonly [name: string]: unknown };

/** Where a graph is cut into jobs. Rules are named `"namespace.rule"`. */
export interface CutRules {
  /**
   * Rules whose nodes become jobs, besides the roots. `"auto"`: what can be computed side by side becomes jobs, as far as
   * the graph's form tells.
   */
  readonly cut?: readonly string[] | "auto";
  /** Rules whose values are never copied between workers. */
  readonly noCopy?: readonly string[];
}

/** How long a job may run, and how often it is tried. They stand in recordings, and reach no value. */
export interface JobLimits {
  /** A job that runs longer, in seconds, is stopped and tried again; after its last retry it fails. Default: no limit. */
  readonly timeout?: number;
  /** How often a job that took too long or threw is tried again. Default 0. */
  readonly retries?: number;
}

/** Called while jobs run. */
export interface WaitOptions {
  /** Cancels what is dispatched, as `cancel()` does. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** What a recording keeps. */
export interface RecordingOptions {
  /**
   * `"inputs"`: the bytes of declared inputs, so that a replay needs no other file. `"outputs"`: the values of jobs, taken
   * when they are waited for, so that a divergence can be shown. Code always travels, named or not.
   */
  readonly capture?: readonly ("code" | "inputs" | "outputs")[];
  /** Digests of jobs (the default), or of every node: computed when jobs are waited for. */
  readonly digests?: "jobs" | "nodes";
  readonly labels?: { readonly [name: string]: string };
  readonly author?: string;
}

/** What `graphStats` gives. */
export interface ClusterStats {
  readonly nodes: number;
  readonly edges: number;
  readonly rules: { readonly [rule: string]: number };
  readonly jobs: JobCounts;
}

/** A client's view of a master's session: load programs, plan, dispatch, read values, record. Made by `connect`. */
export class Session implements AsyncDisposable {
  readonly url: string;
  /** The session's seed and epoch. */
  readonly seed: number;
  readonly epoch: number;
  /** What the master lets this client do. */
  readonly role: ClientRole;
  readonly #link: MasterLink;
  readonly #programs = new ProgramSet(true);
  readonly #progress = new Set<(progress: Progress) => void>();

  constructor(link: MasterLink, url: string, hello: { seed: number; epoch: number; role: ClientRole }) {
    this.#link = link;
    this.url = url;
    this.seed = hello.seed;
    this.epoch = hello.epoch;
    this.role = hello.role;
    link.on("progress", (progress) => {
      const said = v.safeParse(progressNews, progress);
      if (said.success) for (const listener of this.#progress) listener(said.output as unknown as Progress);
    });
  }

  /**
   * Bundles a TypeScript or JavaScript module with its imports, loads it on the master and every worker, and gives back
   * the module, evaluated from the very bytes that were shipped.
   *
   * @throws ModuleMissingError, ModuleCompileError, ModuleFailedError
   */
  async load<M extends object = Module>(file: string | URL, options: { readonly name?: string } = {}): Promise<M> {
    const path = typeof file === "string" && !file.startsWith("file:") ? file : fileURLToPath(file);
    return (await this.#load("load", await bundleFile(path, options.name))) as M;
  }

  /** Loads a module given as TypeScript text. It may import the session's namespaces from "graphvm/session". */
  async remoteEval<M extends object = Module>(source: string): Promise<M> {
    const program = await bundleSource(source, generatedName("eval", source), process.cwd());
    return (await this.#load("remoteEval", program)) as M;
  }

  /**
   * Adds rules to a namespace of the live session, or makes one. Bodies travel as source: they may use the DSL's names
   * and the session's namespaces.
   *
   * @throws CapturedVariableError
   */
  async addRules(ns: string, bodies: RuleBodies): Promise<Module> {
    const source = rulesModule(ns, bodies, this.#programs.scope.namespaceNames());
    const program = await bundleSource(source, generatedName(`rules-${ns}`, source), process.cwd());
    const module = (await this.#load("addRules", program)) as { [name: string]: Module };
    return module[ns]!;
  }

  /** Empties the graph: jobs and values go, programs stay. */
  async initGraph(): Promise<void> {
    await this.#call("initGraph");
  }

  /**
   * Expands the graph below `roots` on the master's planner and cuts it into jobs. Runs nothing.
   *
   * @throws RuleNeverEndsError, and whatever the rules throw
   */
  async jobDeps(roots: readonly Ref[], { cut = [], noCopy = [] }: CutRules = {}): Promise<Jobs> {
    const answer = await this.#ask("jobDeps", { refs: this.#wire(roots), cut, noCopy }, planAnswer);
    return { roots, cut, list: answer.jobs, nodes: answer.nodes, edges: answer.edges };
  }

  /**
   * Gives jobs to the workers. What is done already is not done again. A timeout holds for each job, from its next start.
   *
   * @example
   * await session.dispatchJobs(jobs, { timeout: 60, retries: 2 });
   */
  async dispatchJobs(
    jobs: Jobs,
    { noCopy = [], timeout, retries }: Pick<CutRules, "noCopy"> & JobLimits = {},
  ): Promise<Jobs> {
    const { roots, cut } = jobs;
    const answer = await this.#ask(
      "dispatchJobs",
      { refs: this.#wire(roots), cut, noCopy, ...limitsOf({ timeout, retries }) },
      planAnswer,
    );
    return { roots, cut, list: answer.jobs, nodes: answer.nodes, edges: answer.edges };
  }

  /**
   * Ends what is dispatched and not done: jobs that wait fail, those that run end between two atoms or while they wait for
   * an asynchronous one. A synchronous atom is left to finish, unless its thread may be killed: `{ force: true }`. What is
   * done is kept, and another dispatch goes on from there.
   */
  async cancel({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    await this.#call("cancel", { force });
  }

  /**
   * Waits until every dispatched job is done.
   *
   * @returns every finished job with the digest of its value
   * @throws the first job's error; JobKillsWorkersError, JobTimeoutError, JobCancelledError, NoWorkersError
   */
  async wait(options: WaitOptions = {}): Promise<readonly JobOutcome[]> {
    return this.#wait({}, options);
  }

  /** Calls `listener` whenever a job starts or ends, until the returned function is called. */
  onProgress(listener: (progress: Progress) => void): () => void {
    if (this.#progress.size === 0) this.#link.emit("follow", true);
    this.#progress.add(listener);
    return () => {
      if (this.#progress.delete(listener) && this.#progress.size === 0) this.#link.emit("follow", false);
    };
  }

  /**
   * The value of a node that was computed: a job's, or one inside a job.
   *
   * @throws SessionStateError where no job computes it; ValueLostError where its worker is gone.
   */
  async getData<T>(ref: Ref<T>): Promise<T> {
    return this.#decoded<T>(await this.#ask("getData", { refs: this.#wire([ref]) }, valueAnswer));
  }

  /** `jobDeps`, `dispatchJobs`, `wait` and `getData` in one. */
  async calc<T>(
    ref: Ref<T>,
    { cut = [], noCopy = [], ...options }: CutRules & JobLimits & WaitOptions = {},
  ): Promise<T> {
    const { signal, onProgress, timeout, retries } = options;
    if (signal) {
      // what is cancelled must have been dispatched: one call after the other
      const jobs = await this.jobDeps([ref], { cut, noCopy });
      await this.dispatchJobs(jobs, { noCopy, ...options });
      await this.#wait({ brief: true }, options);
      return this.getData(ref);
    }
    const stop = onProgress ? this.onProgress(onProgress) : undefined;
    try {
      const call = { refs: this.#wire([ref]), cut, noCopy, ...limitsOf({ timeout, retries }) };
      return await this.#decoded<T>(await this.#ask("calc", call, valueAnswer));
    } finally {
      stop?.();
    }
  }

  /**
   * The story of a job: why it ran where it did, why then, and why again.
   *
   * @param job The ref of its node, its id or how that begins, its label, or its rule.
   * @throws SessionStateError where no dispatched job goes by that name.
   */
  async explain(job: Ref | string): Promise<JobStory> {
    return this.#ask("explain", { job: typeof job === "string" ? job : nodeId(job) }, storyAnswer);
  }

  async graphStats(): Promise<ClusterStats> {
    return this.#call("graphStats");
  }

  /** The planned graph, folded by rule above `fold` nodes, with the worker of each finished job. */
  async graph(
    options: { readonly fold?: number } = {},
  ): Promise<{ picture: GraphPicture; workers: { [job: string]: string } }> {
    return this.#call("graph", { fold: options.fold ?? 1000 });
  }

  async status(): Promise<SessionStatus & { recording: { on: boolean; calls: number } }> {
    return this.#call("status");
  }

  /** The same as `status`, for who looks again and again: it stands in no journal and no recording. */
  async look(): Promise<SessionStatus & { recording: { on: boolean; calls: number } }> {
    return this.#call("look");
  }

  /**
   * Turns the server's recording on or off. What is loaded already becomes its first lines.
   *
   * @example
   * await session.setRecording(true, { capture: ["inputs", "outputs"], digests: "nodes", author: "risk desk" });
   */
  async setRecording(on: boolean, options: RecordingOptions = {}): Promise<void> {
    await this.#call("setRecording", { on, ...(options.capture ? withoutCode(options) : options) });
  }

  async clearRecording(): Promise<void> {
    await this.#call("clearRecording");
  }

  /**
   * The recording so far, fetched in pieces.
   *
   * @param options What it is to hold, if not what `setRecording` said: outputs only where that said so too.
   * @throws SessionStateError where nothing is recorded; InputChangedError, InputMissingError where an input that is to be
   * captured is not what was read; ArchiveLimitError above 4 GB.
   */
  async getRecording(options: Pick<RecordingOptions, "capture"> = {}): Promise<RecordingFile> {
    const made = await this.#ask("getRecording", options.capture ? withoutCode(options) : {}, recordingAnswer);
    return fetchRecording(made, async (offset) => {
      const params = { file: made.file, offset };
      return (await this.#ask("recordingPiece", params, recordingPieceAnswer)).bytes;
    });
  }

  /** Ends the master and all its workers. */
  async endCluster(): Promise<void> {
    await this.#call("endCluster");
  }

  /** Issues a call as it stands in a journal; for replay. */
  async replayCall<T = unknown>(method: string, params: unknown): Promise<T> {
    return this.#call<T>(method, params);
  }

  /** The encoded value of a node; for replay. */
  async replayValue(params: {
    readonly id: string;
    readonly job: string;
  }): Promise<{ bytes: Uint8Array; digest: string }> {
    const { bytes, digest } = await this.#ask("nodeValue", params, nodeValueAnswer);
    return { bytes: bytes ?? (await this.#gathered(params.id)), digest };
  }

  /** Leaves the session. The master and its jobs go on. */
  async close(): Promise<void> {
    this.#link.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #gathered(id: string): Promise<Uint8Array> {
    return gather(id, (piece) => this.#ask("value", { id, piece }, pieceAnswer));
  }

  /** A small value comes with the answer, a large one in pieces. */
  async #decoded<T>({ id, bytes }: { id: string; bytes?: Uint8Array }): Promise<T> {
    return decodeValue(bytes ?? (await this.#gathered(id))) as T;
  }

  /** Every call is a span, where somebody traces. */
  #call<T = unknown>(method: string, params: unknown = {}): Promise<T> {
    return traced(`graphvm.${method}`, "CLIENT", {}, () => this.#link.call<T>(method, params));
  }

  #ask<S extends v.GenericSchema>(method: string, params: unknown, schema: S): Promise<v.InferOutput<S>> {
    return traced(`graphvm.${method}`, "CLIENT", {}, () => this.#link.ask(method, params, schema));
  }

  async #wait(params: { readonly brief?: boolean }, { onProgress, signal }: WaitOptions): Promise<JobOutcome[]> {
    const stop = onProgress ? this.onProgress(onProgress) : undefined;
    // where the link is lost, the wait says so
    const cancel = (): void => void this.cancel().catch(() => {});
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      if (signal?.aborted) await this.cancel();
      return (await this.#ask("wait", params, waitAnswer)).jobs as JobOutcome[];
    } finally {
      signal?.removeEventListener("abort", cancel);
      stop?.();
    }
  }

  async #load(method: "load" | "remoteEval" | "addRules", program: Program): Promise<Module> {
    await this.#call(method, { program });
    return this.#programs.load(program);
  }

  #wire(roots: readonly Ref[]): WireRefs {
    const { scope } = this.#programs;
    return writeRefs(roots, {
      hasNamespace: (name) => scope.hasNamespace(name) || hostOfNamespace(name) !== undefined,
    });
  }
}

function withoutCode<T extends Pick<RecordingOptions, "capture">>(options: T): T {
  return { ...options, capture: options.capture!.filter((each) => each !== "code") };
}

/** Only what was said: params have no undefined in them. */
function limitsOf({ timeout, retries }: { timeout?: number | undefined; retries?: number | undefined }): JobLimits {
  return { ...given({ timeout, retries }) };
}
