import type { AtomSession } from "../atom/current-atom.js";
import { installDeterministicGlobals } from "../atom/deterministic-globals.js";
import type { Ref } from "../identity/ref.js";
import { openFeeds, type StreamSource } from "./feeds.js";
import { makePlan, type Plannable } from "./plan.js";
import { BatchRunner } from "./runner.js";
import { restoreState } from "./saved-state.js";
import { BatchStream, type Stream } from "./stream.js";

/** What `graph.stream` takes besides what to compute. */
export interface StreamOptions {
  /** Where batches come from: one iterable, or one for each source by name. Pulled only when an output is asked for. */
  readonly source: StreamSource;
  /** Cancels: what waits is rejected with StreamAbortedError, and the sources are closed. */
  readonly signal?: AbortSignal;
  /** What `stream.state()` gave: the source goes on with the batch behind those it stands for. */
  readonly state?: Uint8Array;
}

/** What a stream needs of the graph it belongs to. */
export interface StreamHost extends Plannable {
  readonly session: AtomSession;
  readonly values: { get(node: number): unknown };
}

/** What is behind `graph.stream`: makes the plan now, and computes nothing before the first output is asked for. */
export function startStream(
  host: StreamHost,
  calc: (targets: readonly Ref[]) => Promise<unknown>,
  targets: Ref | readonly Ref[],
  options: StreamOptions,
): Stream<unknown> {
  installDeterministicGlobals();
  const { structure, session } = host;
  const many = Array.isArray(targets);
  const refs = many ? (targets as readonly Ref[]) : [targets as Ref];
  const plan = makePlan(
    host,
    refs.map((ref) => structure.intern(ref)),
  );
  const feeds = openFeeds(plan.sources, options.source);
  const runner = new BatchRunner(plan, session);
  if (!options.state) runner.begin();
  const constants = async (): Promise<unknown[]> => {
    const missing = plan.constants.filter((node) => !host.done(node));
    await calc(missing.map((node) => structure.table.ref(node)!));
    return plan.constants.map((node) => host.values.get(node));
  };
  return new BatchStream({
    runner,
    feeds,
    constants,
    output: many ? (outputs) => outputs : (outputs) => outputs[0],
    batches: options.state ? restoreState(runner, options.state, session.seed) : 0,
    seed: session.seed,
    signal: options.signal,
  });
}
