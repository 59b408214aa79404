import { ExpansionLimitError } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import type { WireRefs } from "@graphvm/rules/internal";
import * as v from "valibot";
import { ConnectionLostError, PlannerDiedError, RuleNeverEndsError } from "../errors.js";
import type { Program } from "../program/program.js";
import { Peer } from "../rpc/peer.js";
import { PrintedLines, printedSchema } from "../thread/printing.js";
import { startThread, type ThreadHost } from "../thread/thread-host.js";
import { NowExpanding } from "./now-expanding.js";
import type { Plan } from "./planner-graph.js";

/** A graph to be planned. */
export interface PlanRequest {
  readonly refs: WireRefs;
  readonly cut: readonly string[] | "auto";
  readonly noCopy: readonly string[];
}

/** How long and how far rules may expand. */
export interface PlannerLimits {
  readonly seconds: number;
  readonly nodes: number;
}

/** A node and the job that computes it, where there is one. */
export interface Located {
  readonly id: string;
  readonly job: string | null;
  /** The plane that its value may not leave. */
  readonly bound: string | null;
  readonly label: string;
}

/** What loading a program gave. */
export interface Loaded {
  readonly exports: string[];
  readonly namespaces: string[];
  /** Namespaces that had rules which are others now. */
  readonly redefined: string[];
}

/** A thread that has not come up by then, in seconds, never will. */
const START_SECONDS = 60;

/**
 * The planner thread as the master sees it: calls go one after the other. A call that takes too long ends the thread; a
 * new one takes its place with the same programs and the graphs that were dispatched.
 */
export class Planner {
  readonly #limits: PlannerLimits;
  readonly #programs = new Map<string, Program>();
  /** Graphs that were dispatched since the last reset, each once: what a planner that starts over must know again. */
  #plans = new Map<string, Omit<PlanRequest, "refs"> & { readonly refs: string }>();
  /** The plan made last, of a graph and programs that did not change since. */
  #last: { readonly refs: string; readonly rules: string; readonly plan: Plan } | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #thread: ThreadHost | undefined;
  #peer: Peer | undefined;
  /** What the thread does. */
  #expanding: NowExpanding | undefined;
  #closed = false;

  readonly #printed: PrintedLines;

  /** @param printed Given each line that rules and modules print: who loads them prints the same. */
  constructor(limits: PlannerLimits, printed: (line: string) => void = () => {}) {
    this.#limits = limits;
    this.#printed = new PrintedLines(printed);
  }

  /** @throws RuleNeverEndsError, PlannerDiedError, and whatever the user's rules threw. */
  call<T>(method: string, params: unknown = {}): Promise<T> {
    return this.#inOrder(() => this.#call<T>(method, params));
  }

  async load(program: Program): Promise<Loaded> {
    const loaded = await this.call<Loaded>("load", program);
    this.#programs.set(program.name, program);
    return loaded;
  }

  /** Forgets all programs and plans, and loads these. Where one can't be loaded, what was there before is back. */
  reload(programs: readonly Program[]): Promise<readonly Loaded[]> {
    return this.#inOrder(async () => {
      const before = { programs: [...this.#programs.values()], plans: this.#plans };
      this.#plans = new Map();
      try {
        return await this.#loadAll(programs);
      } catch (error) {
        if (!this.#closed) await this.#loadAll(before.programs);
        this.#plans = before.plans;
        throw error;
      } finally {
        if (!this.#closed) await this.#replan();
      }
    });
  }

  /** Expands and cuts a graph. One that is to be dispatched is kept. */
  plan(request: PlanRequest, keep: boolean): Promise<Plan> {
    return this.#inOrder(async () => {
      const refs = JSON.stringify(request.refs);
      const rules = JSON.stringify([request.cut, request.noCopy]);
      const last = this.#last;
      try {
        // jobDeps and dispatchJobs of the same graph follow each other as a rule
        const known = last?.refs === refs && last.rules === rules;
        const plan = known ? last.plan : await this.#call<Plan>("plan", { ...request, refs });
        this.#last = { refs, rules, plan };
        if (keep) this.#plans.set(`${rules}${refs}`, { ...request, refs });
        return plan;
      } catch (error) {
        // what the failed expansion left behind must not count against the next
        if (error instanceof ExpansionLimitError) await this.#replan();
        throw error;
      }
    });
  }

  /** The node a ref names and the job that computes it. Of what was planned last it is known without asking. */
  locate(refs: WireRefs): Promise<Located> {
    return this.#inOrder(async () => {
      const last = this.#last;
      const written = JSON.stringify(refs);
      // the root of a plan is a job, and where there is only one, the last
      const root = last && refs.roots.length === 1 && last.refs === written && last.plan.jobs.at(-1);
      return root
        ? { id: root.id, job: root.id, bound: root.bound ?? null, label: root.label }
        : this.#call<Located>("locate", { refs: written });
    });
  }

  reset(): Promise<void> {
    return this.#inOrder(async () => {
      this.#plans = new Map();
      await this.#replan();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#stop();
  }

  #inOrder<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(run);
    this.#queue = result.catch(() => {});
    return result;
  }

  async #loadAll(programs: readonly Program[]): Promise<readonly Loaded[]> {
    this.#programs.clear();
    await this.#call("clear", {});
    const loaded: Loaded[] = [];
    for (const program of programs) {
      loaded.push(await this.#call<Loaded>("load", program));
      this.#programs.set(program.name, program);
    }
    return loaded;
  }

  async #replan(): Promise<void> {
    await this.#call("reset", { maxNodes: this.#limits.nodes });
    for (const plan of this.#plans.values()) await this.#call("plan", plan);
  }

  async #call<T>(method: string, params: unknown): Promise<T> {
    if (this.#closed) throw new ConnectionLostError("The master ended.", {});
    if (method !== "locate" && method !== "node" && method !== "picture") this.#last = undefined;
    const { seconds } = this.#limits;
    // starting over does again what was done before, each within its limit
    const again = 1 + this.#programs.size + this.#plans.size;
    const peer = this.#peer ?? (await this.#restart(seconds * again));
    const what = method === "load" ? `Loading ${(params as Program).name}` : undefined;
    return this.#within(seconds, () => peer.call<T>(method, params), what);
  }

  /** @param what What takes too long, where it is not a rule. */
  async #within<T>(seconds: number, work: () => Promise<T>, what?: string): Promise<T> {
    let late = false;
    let rule: string | undefined;
    const timer = setTimeout(() => {
      late = true;
      rule = this.#expanding?.rule;
      void this.#stop();
    }, seconds * 1000);
    try {
      return await work();
    } catch (error) {
      if (late) throw neverEnds(seconds, rule, what);
      if (!(error instanceof ConnectionLostError) || this.#closed) throw error;
      await this.#stop();
      throw new PlannerDiedError(
        "The planner thread died while it expanded rules: they may need more memory than it has.",
        {},
        { cause: error.cause },
      );
    } finally {
      clearTimeout(timer);
    }
  }

  async #restart(seconds: number): Promise<Peer> {
    const peer = await this.#within(START_SECONDS, () => this.#start(), "Starting a planner thread");
    return this.#within(seconds, () => this.#catchUp(peer));
  }

  /** A thread that answers. How long that takes is the machine's matter, not that of anybody's rules. */
  async #start(): Promise<Peer> {
    const thread = startThread(new URL("./planner-thread.js", import.meta.url));
    this.#thread = thread;
    const memory = NowExpanding.memory();
    this.#expanding = new NowExpanding(memory);
    const peer = new Peer(thread.transport, {}, "planner thread");
    peer.on("printed", (news) => {
      const said = v.safeParse(printedSchema, news);
      if (said.success) this.#printed.add(said.output.text);
    });
    await this.#orStop(thread, () => peer.call("watch", { memory }));
    return peer;
  }

  /** What the thread before this one knew. */
  async #catchUp(peer: Peer): Promise<Peer> {
    await this.#orStop(this.#thread, async () => {
      for (const program of this.#programs.values()) await peer.call("load", program);
      await peer.call("reset", { maxNodes: this.#limits.nodes });
      for (const plan of this.#plans.values()) await peer.call("plan", plan);
    });
    this.#peer = peer;
    return peer;
  }

  async #orStop(thread: ThreadHost | undefined, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#thread === thread) await this.#stop();
      throw error;
    }
  }

  async #stop(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#peer = undefined;
    this.#last = undefined;
    await thread?.kill();
  }
}

/** @param rule The one that was being expanded; of a graph of very many nodes it may be any of them. */
function neverEnds(seconds: number, rule: string | undefined, what?: string): RuleNeverEndsError {
  const where = rule === undefined ? "" : ` and got as far as ${rule}`;
  const cause = `${what === undefined ? (rule ?? "a rule") : "it"} may never end`;
  return new RuleNeverEndsError(
    `${what ?? "Expanding the rules"} took more than ${seconds} seconds${where}: ${cause}; otherwise raise the planner's time limit.`,
    { seconds, ...given({ rule }) },
  );
}
