import type { Labels, NodeReads, Tools } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import type { WireRefs } from "@graphvm/rules/internal";
import { BadMessageError, PlaneBoundError, SessionStateError } from "../errors.js";
import type { Fabric } from "../fabric/fabric.js";
import type { JobOutcomes } from "../folder/job-outcomes.js";
import { linkKind } from "../labels.js";
import { inputKey, inputName } from "../planner/declared-files.js";
import type { GraphPicture } from "../planner/picture.js";
import { Planner, type PlannerLimits } from "../planner/planner.js";
import type { Plan, PlannedNode } from "../planner/planner-graph.js";
import type { Program } from "../program/program.js";
import { VERSION } from "../protocol.js";
import { type RecordedInput, type RecordedProgram, sha256Hex } from "../recording/index.js";
import type { Ended, JobLimits } from "../scheduler/types.js";
import { DataClient } from "../store/data-client.js";
import { ObjectStore } from "../store/object-store.js";
import { SentBytes } from "../store/sent-bytes.js";
import { type Clock, systemClock } from "../transport/clock.js";
import { type DialOptions, dialled } from "../transport/dial.js";
import type { Transport } from "../transport/transport.js";
import { Watch } from "../watch/events.js";
import { traced } from "../watch/trace.js";
import type { Usage } from "../worker/usage-news.js";
import { findFiles, type JobFiles, withoutLabels } from "./job-files.js";
import { JobRunner } from "./job-runner.js";
import { ServedValues } from "./served-values.js";
import { SessionInputs } from "./session-inputs.js";
import type { PlaneTraffic } from "./traffic.js";
import { type SessionSetup, WorkerPool } from "./worker-pool.js";

/** What a session is made with. */
export interface SessionOptions {
  readonly id: string;
  readonly seed: number;
  readonly epoch: number;
  /** Where relative input URIs are looked for. */
  readonly roots: readonly string[];
  readonly limits: PlannerLimits;
  /** How workers are dialled for their values. */
  readonly dial: DialOptions;
  /** How long jobs wait for a first worker before they fail, in seconds. */
  readonly patience: number;
  readonly clock?: Clock | undefined;
  /** Told of what happens. */
  readonly watch?: Watch;
  /** Labels of the master's own threads. */
  readonly labels?: Labels;
  /** Any worker may run anything, and no value is bound to a plane. */
  readonly ignoreLabels?: boolean;
  /** Bytes that encoded values may take in this process's memory. */
  readonly memory?: number | undefined;
  /** Where processes meet that don't dial each other. */
  readonly fabric?: Fabric | undefined;
  /** Workers of the master before this one may come back with what they hold. */
  readonly returning: boolean;
  /** Atoms that read what is not declared are refused. */
  readonly strict?: boolean | undefined;
}

/** Where a graph is cut. */
export interface CutOptions {
  readonly cut: readonly string[] | "auto";
  readonly noCopy: readonly string[];
}

/** A job as clients see it. */
export interface JobInfo {
  readonly id: string;
  readonly rule: string;
  readonly label: string;
  readonly inputs: readonly string[];
  readonly nodes: number;
  /** Labels its worker must have. */
  readonly on?: Labels;
  /** The plane that its value may not leave. */
  readonly bound?: string;
}

/** A finished job as `wait` reports it. */
export interface JobOutcome {
  readonly id: string;
  readonly rule: string;
  readonly digest: string;
  readonly worker: string;
  /** What its atoms read without declaring it: a replay can't check that it is the same then. */
  readonly undeclared?: readonly NodeReads[];
  /** What its atoms ran besides JavaScript, with versions: where a replay differs, that may be why. */
  readonly tools?: Tools;
}

/** What a master does for its session, whoever asks: programs, planning, jobs, values. Logs nothing. */
export class MasterSession {
  readonly store: ObjectStore;
  /** Large values that clients fetch. */
  readonly served = new ServedValues();
  readonly data: DataClient;
  readonly inputs: SessionInputs;
  /** What this process sent to others. */
  readonly sent = new SentBytes();
  readonly labels: Labels;
  readonly #ignoreLabels: boolean;
  readonly pool: WorkerPool;
  readonly runner: JobRunner;
  readonly watch: Watch;
  /** The first job that reads an input, by its key. */
  readonly readers = new Map<string, { id: string; rule: string }>();
  /** Tells it from every other session. */
  readonly id: string;
  readonly #planner: Planner;
  readonly #clock: Clock;
  readonly #since: number;
  /** How many clients are connected. */
  clients = 0;
  #setup: SessionSetup;
  #ended: ReadonlyMap<string, Ended> | undefined;

  constructor(options: SessionOptions) {
    const { clock = systemClock, watch = new Watch() } = options;
    this.id = options.id;
    this.#clock = clock;
    this.#since = clock.now();
    this.watch = watch;
    this.store = new ObjectStore({ memory: options.memory });
    this.labels = options.labels ?? {};
    this.#ignoreLabels = options.ignoreLabels ?? false;
    this.data = new DataClient((address) => dialled(address, options.dial), this.labels.plane, true, options.fabric);
    this.inputs = new SessionInputs(options.roots);
    this.#planner = new Planner(options.limits, (text) => watch.tell({ kind: "printed", where: "planner", text }));
    const { id: session, seed, epoch, strict = false } = options;
    this.#setup = { session: { session, graph: 0, seed, epoch, strict }, programs: [] };
    this.pool = new WorkerPool(
      () => this.#setup,
      {
        joined: (worker, { host, node, labels = {}, back }, { held, running }) => {
          watch.tell({ kind: "workerJoined", worker, thread: host === "", node });
          const was = back === undefined ? {} : { was: back.worker };
          this.runner.handle({ kind: "workerJoined", worker, host, labels, held, ...given({ running }), ...was });
        },
        brought: (worker, host, held) => this.runner.handle({ kind: "brought", worker, host, held }),
        leaving: (worker) => this.runner.handle({ kind: "leaving", worker }),
        left: (worker, hostLost, reason, orderly) => {
          watch.tell({ kind: "workerLeft", worker, reason });
          const why = reason === undefined ? {} : { reason };
          this.runner.handle({ kind: "workerLeft", worker, hostLost, orderly, ...why });
        },
      },
      clock,
    );
    const { patience, returning } = options;
    this.runner = new JobRunner(this.pool, this.store, this.data, patience, returning, clock, watch);
  }

  get seed(): number {
    return this.#setup.session.seed;
  }

  get epoch(): number {
    return this.#setup.session.epoch;
  }

  /** Whether atoms that read what is not declared are refused. */
  get strict(): boolean {
    return this.#setup.session.strict ?? false;
  }

  /** Which graph there is: another number after each that was emptied. */
  get graph(): number {
    return this.#setup.session.graph;
  }

  get programs(): readonly Program[] {
    return this.#setup.programs;
  }

  /** `own` where the worker is a thread of this process. */
  acceptWorker(link: Transport, own = false): void {
    this.pool.accept(link, own);
  }

  /**
   * Loads a program into the planner and every worker. A new version of a known program, or one that redefines rules,
   * starts the graph over. One that can't be loaded leaves everything as it was.
   */
  async load(program: Program): Promise<{ exports: string[]; namespaces: string[] }> {
    const start = this.#clock.now();
    const loaded = await this.#load(program);
    const { name, hash } = program;
    this.watch.tell({ kind: "loaded", program: name, hash, seconds: this.#clock.now() - start });
    return loaded;
  }

  async #load(program: Program): Promise<{ exports: string[]; namespaces: string[] }> {
    if (sha256Hex(Buffer.from(program.code)) !== program.hash) {
      throw new BadMessageError(`The program ${program.name} is not the one its hash names.`, {
        program: program.name,
      });
    }
    const { programs } = this.#setup;
    const at = programs.findIndex((each) => each.name === program.name);
    if (at >= 0 && programs[at]!.hash !== program.hash) return this.#replace(at, program);
    const { exports, namespaces, redefined } = await this.#planner.load(program);
    if (at < 0) {
      if (redefined.length > 0) await this.initGraph();
      await this.#tellWorkers([...programs, program], () => this.pool.broadcast("load", program));
    }
    return { exports, namespaces };
  }

  /** Every thread loads all programs again, in their order: what is loaded is a function of the list alone. */
  async #replace(at: number, program: Program): Promise<{ exports: string[]; namespaces: string[] }> {
    const programs = this.#setup.programs.map((each, i) => (i === at ? program : each));
    const loaded = await this.#planner.reload(programs);
    this.#emptied();
    await this.#tellWorkers(programs, () => this.pool.tellAll());
    return { exports: loaded[at]!.exports, namespaces: loaded.at(-1)!.namespaces };
  }

  /** Where a worker can't load what the planner could, all go back to what they had. */
  async #tellWorkers(programs: readonly Program[], tell: () => Promise<void>): Promise<void> {
    const before = this.#setup.programs;
    this.#setup = { ...this.#setup, programs };
    try {
      await tell();
    } catch (error) {
      this.#setup = { ...this.#setup, programs: before };
      await this.#planner.reload(before);
      this.#emptied();
      await this.pool.tellAll();
      throw error;
    }
  }

  /** Empties the graph: jobs and values go, programs stay. */
  async initGraph(): Promise<void> {
    await this.#planner.reset();
    this.#emptied();
    await this.pool.emptyAll();
  }

  async jobDeps(refs: WireRefs, { cut, noCopy }: CutOptions, keep = false): Promise<{ plan: Plan; files: JobFiles[] }> {
    const start = this.#clock.now();
    const planned = await traced("graphvm.plan", "INTERNAL", {}, () => this.#planner.plan({ refs, cut, noCopy }, keep));
    const { jobs, nodes } = planned;
    this.watch.tell({ kind: "planned", jobs: jobs.length, nodes, seconds: this.#clock.now() - start });
    const plan = this.#ignoreLabels ? withoutLabels(planned) : planned;
    return { plan, files: await findFiles(plan, this.inputs, this.runner.boundInputs) };
  }

  /** Jobs and values are gone. Whoever still has any of them knows them by the graph's number. */
  #emptied(): void {
    const { session } = this.#setup;
    this.#setup = { ...this.#setup, session: { ...session, graph: session.graph + 1 } };
    this.#clearStore();
    this.runner.reset(session.graph + 1);
  }

  /** From here on, jobs that are dispatched may have ended under the master before; a graph that is emptied ends that. */
  remember(ended: ReadonlyMap<string, Ended>): void {
    this.#ended = ended;
  }

  /** Everything is as it was: from here on, how jobs end is written down. */
  keep(outcomes: JobOutcomes): void {
    this.#ended = undefined;
    this.#setup = { ...this.#setup, session: { ...this.#setup.session, graph: outcomes.graph } };
    this.runner.outcomes = outcomes;
  }

  /** `until`: only what that node needs runs. `wanted`: the root's value will be asked for. */
  async dispatch(
    refs: WireRefs,
    options: CutOptions,
    limits: JobLimits = {},
    { until, wanted = false }: { readonly until?: string | undefined; readonly wanted?: boolean } = {},
  ): Promise<Plan> {
    const { plan, files } = await this.jobDeps(refs, options, true);
    const needed = until === undefined ? undefined : neededBy((await this.node(until))?.job, plan.jobs);
    const jobs = plan.jobs.map((job, i) => ({ job, ...files[i]! })).filter(({ job }) => needed?.has(job.id) ?? true);
    for (const { job, files } of jobs) {
      for (const key of files.map(inputKey))
        if (!this.readers.has(key)) this.readers.set(key, { id: job.id, rule: job.rule });
    }
    // the root of a plan is a job, and where there is only one, the last
    const root = plan.jobs.at(-1);
    if (wanted && root?.bound === undefined) this.runner.want(root!.id);
    this.runner.submit(jobs, limits, this.#ended);
    return plan;
  }

  /** Every job that is done, in order. */
  outcomes(): JobOutcome[] {
    return this.#outcomes(this.runner.jobs());
  }

  /** Those that were done since this was called last, in order. */
  outcomesSince(): JobOutcome[] {
    return this.#outcomes(this.runner.finishedSince());
  }

  #outcomes(jobs: readonly KnownJob[]): JobOutcome[] {
    return jobs.filter(isDone).map((known) => {
      const undeclared = this.runner.undeclared.of(known.job.id);
      const tools = this.runner.tools.get(known.job.id);
      return {
        ...outcome(known),
        ...(undeclared.length === 0 ? {} : { undeclared }),
        ...given({ tools }),
      };
    });
  }

  /**
   * The value of a node that was computed.
   *
   * @throws SessionStateError where no dispatched job computes it; PlaneBoundError where it is bound to a plane.
   */
  async getData(refs: WireRefs): Promise<{ id: string; bytes: Uint8Array; digest: string }> {
    const { id, job, bound, label } = await this.#planner.locate(refs);
    if (bound !== null) throw boundTo(bound, id, label);
    if (job === null || this.runner.job(job) === undefined) {
      throw new SessionStateError(
        "No dispatched job computes this node: dispatch jobs for it first (session.calc does both).",
        { node: id },
      );
    }
    return { id, ...(await this.runner.value(id, job)) };
  }

  /**
   * The value of any node, for whoever looks into a graph. Where labels count, a bound one stays where it is.
   *
   * @throws PlaneBoundError
   */
  async nodeValue(id: string, job: string): Promise<{ bytes: Uint8Array; digest: string }> {
    const node = this.#ignoreLabels ? null : await this.node(id);
    if (node?.bound !== undefined) throw boundTo(node.bound, id, node.label);
    return this.runner.value(id, job);
  }

  /** What the planner knows of a node, by id or by `namespace.rule`: the first of that rule. */
  async node(name: string): Promise<PlannedNode | null> {
    return this.#planner.call<PlannedNode | null>("node", { name });
  }

  /** The graph to be drawn, each node with the worker that computed its job. */
  async picture(fold: number): Promise<GraphPicture> {
    return this.#planner.call<GraphPicture>("picture", { fold });
  }

  recordedPrograms(blobOf: (program: Program) => string): RecordedProgram[] {
    return this.programs.map((program) => ({ name: program.name, hash: program.hash, blob: blobOf(program) }));
  }

  /** Starts over as another session: no programs, no graph. */
  async restart(seed: number, epoch: number, strict: boolean): Promise<void> {
    this.runner.boundInputs.clear();
    this.#setup = { session: { ...this.#setup.session, seed, epoch, strict }, programs: [] };
    this.readers.clear();
    await this.#planner.reload([]);
    this.#emptied();
    await this.pool.tellAll();
  }

  /** What goes along with news of progress: for people, and for nothing else. */
  activity() {
    const { moved } = this.usage();
    return {
      moved,
      secondsLeft: this.runner.secondsLeft() ?? null,
      active: this.runner.activity
        .list()
        .slice(0, MAX_ACTIVE)
        .map(({ worker, label, seconds }) => ({ worker, label: label.slice(0, 200), seconds })),
    };
  }

  /** Seconds since this session began in this process. */
  get uptime(): number {
    return this.#clock.now() - this.#since;
  }

  /** Bytes of values: in memory and spilled, in all processes, as far as they have said; and fetched by one from another. */
  usage(): Usage {
    const elsewhere = this.pool.list().map(({ usage }) => usage);
    return {
      held: elsewhere.reduce((sum, { held }) => sum + held, this.store.bytes),
      spilled: elsewhere.reduce((sum, { spilled }) => sum + spilled, this.store.spilledBytes),
      moved: this.data.received + this.pool.moved,
    };
  }

  #clearStore(): void {
    this.store.clear();
    this.served.clear();
  }

  status() {
    const scheduled = new Map(this.runner.workers().map((worker) => [worker.id, worker]));
    const left = this.runner.secondsLeft();
    return {
      version: VERSION,
      seed: this.seed,
      epoch: this.epoch,
      strict: this.strict,
      uptime: this.uptime,
      clients: this.clients,
      programs: this.programs.map(({ name, hash }) => ({ name, hash })),
      workers: this.pool.list().map(({ id, host, node, labels, usage }) => {
        const running = this.runner.activity.of(id);
        return {
          id,
          kind: linkKind(host),
          node,
          labels,
          state: scheduled.get(id)?.state ?? ("joining" as const),
          job: running?.job ?? null,
          label: running?.label ?? null,
          seconds: running?.seconds ?? null,
          finished: scheduled.get(id)?.finished ?? 0,
          held: host === "" ? null : usage.held,
        };
      }),
      jobs: this.runner.progress(),
      waitingFor: this.runner.waitingFor(),
      /** Jobs that more workers could run, by the labels those must have. */
      queue: this.runner.queue(),
      /** What atoms read without declaring it, by node. */
      undeclared: this.runner.undeclared.list(),
      planes: this.planes(),
      /** Values that rules let out of planes, by plane. */
      exports: this.runner.exports.planes(),
      secondsLeft: left ?? null,
      bytes: this.store.bytes,
      usage: this.usage(),
    };
  }

  /** Why no job can run now. */
  whyNotReady(): string[] {
    return this.pool.size === 0 ? ["no worker has joined"] : [];
  }

  /** Every declared input so far, as a recording names it: of a bound one plane, volume, digest and size, and nothing else. */
  recordedInputs(): RecordedInput[] {
    const all = [...this.runner.boundInputs.list(), ...this.inputs.list()];
    return all.sort((a, b) => (inputName(a) < inputName(b) ? -1 : 1));
  }

  /** Bytes that processes of each plane sent to others. */
  planes(): { readonly [plane: string]: PlaneTraffic } {
    this.pool.traffic.set("", this.labels.plane ?? "", this.sent.totals);
    return this.pool.traffic.planes();
  }

  async close(): Promise<void> {
    this.runner.close();
    this.pool.closeAll();
    this.data.close();
    this.store.close();
    this.inputs.close();
    await this.#planner.close();
  }
}

/** So many running jobs are named in news of progress. */
const MAX_ACTIVE = 16;
/** A job and the jobs it needs; undefined where it is not among these. */
function neededBy(id: string | undefined, jobs: Plan["jobs"]): ReadonlySet<string> | undefined {
  if (!jobs.some((job) => job.id === id)) return undefined;
  const needed = new Set([id]);
  for (const job of jobs.toReversed()) {
    if (needed.has(job.id))
      for (const each of [...job.inputs, ...(job.pin === undefined ? [] : [job.pin])]) needed.add(each);
  }
  return needed as Set<string>;
}

function boundTo(plane: string, node: string, label: string): PlaneBoundError {
  return new PlaneBoundError(
    `The value of ${label} is bound to plane ${plane} and goes to no client: ask for one that a rule with exports made of it.`,
    { node, plane },
  );
}

/** What `status` answers. */
export type SessionStatus = ReturnType<MasterSession["status"]>;

type KnownJob = ReturnType<JobRunner["jobs"]>[number];

function isDone({ state }: KnownJob): boolean {
  return state.state === "done";
}

function outcome({ job, state }: KnownJob): JobOutcome {
  return { id: job.id, rule: job.rule, digest: state.digest!, worker: state.worker ?? "" };
}
