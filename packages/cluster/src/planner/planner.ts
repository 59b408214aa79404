import { ExpansionLimitError } from "@graphvm/engine";
import type { WireRefs } from "@graphvm/rules/internal";
import { ConnectionLostError, PlannerDiedError, RuleNeverEndsError } from "../errors.js";
import type { Program } from "../program/program.js";
import { Peer } from "../rpc/peer.js";
import { startThread, type ThreadHost } from "../thread/thread-host.js";
import type { Plan } from "./planner-graph.js";

/** A graph to be planned. */
export interface PlanRequest {
  readonly refs: WireRefs;
  readonly cut: readonly string[];
  readonly noCopy: readonly string[];
}

/** How long and how far rules may expand. */
export interface PlannerLimits {
  readonly seconds: number;
  readonly nodes: number;
}

/**
 * The planner thread as the master sees it: calls go one after the other. A call that takes too long ends the thread; a
 * new one takes its place with the same programs, and the graph starts empty.
 */
export class Planner {
  readonly #limits: PlannerLimits;
  readonly #programs = new Map<string, Program>();
  /** Graphs that were dispatched since the last reset: what a planner that starts over must know again. */
  #plans: PlanRequest[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #thread: ThreadHost | undefined;
  #peer: Peer | undefined;

  constructor(limits: PlannerLimits) {
    this.#limits = limits;
  }

  /** @throws RuleNeverEndsError, PlannerDiedError, and whatever the user's rules threw. */
  call<T>(method: string, params: unknown = {}): Promise<T> {
    const result = this.#queue.then(() => this.#call<T>(method, params));
    this.#queue = result.catch(() => {});
    return result;
  }

  async load(program: Program): Promise<{ exports: string[]; namespaces: string[] }> {
    const loaded = await this.call<{ exports: string[]; namespaces: string[] }>("load", program);
    this.#programs.set(program.name, program);
    return loaded;
  }

  /** Expands and cuts a graph. One that is to be dispatched is kept. */
  async plan(request: PlanRequest, keep: boolean): Promise<Plan> {
    try {
      const plan = await this.call<Plan>("plan", request);
      if (keep) this.#plans.push(request);
      return plan;
    } catch (error) {
      // what the failed expansion left behind must not count against the next
      if (error instanceof ExpansionLimitError) await this.#startOver();
      throw error;
    }
  }

  async reset(): Promise<void> {
    this.#plans = [];
    await this.#startOver();
  }

  async #startOver(): Promise<void> {
    await this.call("reset", { maxNodes: this.#limits.nodes });
    for (const plan of this.#plans) await this.call("plan", plan);
  }

  async clear(): Promise<void> {
    this.#programs.clear();
    await this.call("clear");
    await this.reset();
  }

  async close(): Promise<void> {
    await this.#thread?.kill();
    this.#thread = undefined;
  }

  async #call<T>(method: string, params: unknown): Promise<T> {
    const peer = this.#peer ?? (await this.#start());
    const { seconds } = this.#limits;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      void this.#stop();
    }, seconds * 1000);
    try {
      return await peer.call<T>(method, params);
    } catch (error) {
      if (late) {
        throw new RuleNeverEndsError(
          `Expanding the rules took more than ${seconds} seconds: a rule may never end; otherwise raise the planner's time limit.`,
          { seconds },
        );
      }
      if (!(error instanceof ConnectionLostError)) throw error;
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

  async #start(): Promise<Peer> {
    this.#thread = startThread(new URL("./planner-thread.js", import.meta.url));
    const peer = new Peer(this.#thread.transport, {}, "planner thread");
    this.#peer = peer;
    for (const program of this.#programs.values()) await peer.call("load", program);
    await peer.call("reset", { maxNodes: this.#limits.nodes });
    for (const plan of this.#plans) await peer.call("plan", plan);
    return peer;
  }

  async #stop(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#peer = undefined;
    await thread?.kill();
  }
}
