import { basename, extname } from "node:path";
import { createGraph, decodeValue, digestValue } from "@graphvm/engine";
import { given, stampOf } from "@graphvm/engine/internal";
import type { Session } from "../client/session.js";
import { ReplayOptionError } from "../errors.js";
import { inputName } from "../planner/declared-files.js";
import type { PlannedNode } from "../planner/planner-graph.js";
import { bundleFile } from "../program/bundle.js";
import type { Program } from "../program/program.js";
import { ProgramSet } from "../program/program-set.js";
import type { Recording } from "../recording/index.js";
import { PlacedInputs } from "../worker/placed-inputs.js";
import { LOADS } from "./check-programs.js";
import { importHosts } from "./compare-jobs.js";
import { differenceOf, type ValueDifference } from "./difference.js";
import type { Stop } from "./report.js";
import { unbox } from "./unbox.js";

/** A value that is at hand where a replay stopped. */
export interface HeldValue {
  readonly id: string;
  readonly rule: string;
  readonly digest: string;
  readonly value: unknown;
}

/** What an edited rule gave in the place of the recorded one. */
export interface Rerun {
  readonly value: unknown;
  readonly digest: string;
  readonly equal: boolean;
  /** From the value of the recorded code to that of the edited one. */
  readonly difference: ValueDifference;
}

/** A replay that stopped at a node: its inputs and its value are at hand, and it can run again with other code. */
export interface StoppedReplay extends Stop {
  readonly held: readonly HeldValue[];
  readonly value: unknown;
  /** The params the node was called with. Loads the recorded programs into this process. */
  params(): Promise<readonly unknown[]>;
  /**
   * Runs the node in this process with the rule that a module exports in a namespace of the same name.
   *
   * @throws ReplayOptionError where it exports no such rule; ModuleMissingError, ModuleCompileError, and what the rule throws
   */
  runWith(file: string): Promise<Rerun>;
}

/** What a replay runs with. */
export interface ReplaySetting {
  readonly recording: Recording;
  readonly seed: number;
  readonly epoch: number;
  /** Where each input lies in this process's file system, by the name people give it. */
  files(): Promise<{ readonly [uri: string]: string }>;
}

/** Gathers a node's inputs and its value from the cluster. */
export async function stopAt(node: PlannedNode, session: Session, setting: ReplaySetting): Promise<StoppedReplay> {
  const { recording } = setting;
  await importHosts(recording);
  const held: HeldValue[] = [];
  const known = new Map<string, HeldValue>();
  for (const { id, rule, job } of node.inputs) {
    const one = known.get(id) ?? { id, rule, ...(await fetchValue(session, id, job)) };
    known.set(id, one);
    held.push(one);
  }
  const own = await fetchValue(session, node.id, node.job);
  return {
    node: node.id,
    rule: node.rule,
    label: node.label,
    job: node.job,
    digest: own.digest,
    inputs: held.map(({ id, rule, digest }) => ({ id, rule, digest })),
    held,
    value: own.value,
    async params() {
      const [ref] = await (await loadRecorded(recording)).read(node.refs);
      return ref!.params;
    },
    async runWith(file) {
      const value = await runEdited(node, held, file, setting);
      const digest = digestValue(value);
      return { value, digest, equal: digest === own.digest, difference: differenceOf(own.value, value) };
    },
  };
}

async function fetchValue(session: Session, id: string, job: string): Promise<{ digest: string; value: unknown }> {
  const { bytes, digest } = await session.replayValue({ id, job });
  return { digest, value: decodeValue(Uint8Array.from(bytes)) };
}

/** The recorded programs as they were loaded, in order, in this process. */
async function loadRecorded(recording: Recording): Promise<ProgramSet> {
  const programs = new ProgramSet();
  for (const { method, params, error } of recording.lines) {
    if (!LOADS.has(method) || error !== undefined) continue;
    await programs.load((unbox(params, recording) as { program: Program }).program);
  }
  return programs;
}

async function runEdited(
  node: PlannedNode,
  held: readonly HeldValue[],
  file: string,
  { recording, seed, epoch, files }: ReplaySetting,
): Promise<unknown> {
  const programs = await loadRecorded(recording);
  const [ns, name] = node.rule.split(".") as [string, string];
  const { scope } = programs;
  const before = scope.hasNamespace(ns) ? scope.namespace(ns) : undefined;
  const own = basename(file, extname(file));
  const names = recording.header.programs.map((program) => program.name);
  // functions are known by program and export: an edit of the only program keeps its name
  const edited = await bundleFile(file, names.includes(own) || names.length !== 1 ? own : names[0]);
  await programs.load(edited);
  const now = scope.hasNamespace(ns) ? scope.namespace(ns) : undefined;
  // the recorded text itself makes no new namespace
  const unchanged = recording.header.programs.some((program) => program.hash === edited.hash);
  if ((now === before && !unchanged) || now === undefined || !Object.hasOwn(now, name)) {
    throw new ReplayOptionError(
      `${file} has no rule ${node.rule}: make it in a namespace ${ns}, as the recorded code does.`,
      {
        file,
        rule: node.rule,
      },
    );
  }
  const paths = await files();
  const inputs = new PlacedInputs();
  for (const input of recording.header.inputs) {
    const path = paths[inputName(input)];
    const { uri, size, sha256, plane } = input;
    if (path !== undefined)
      inputs.place({ uri, sha256, size, ...given({ plane }), free: true, path, ...stampOf(path) });
  }
  const graph = createGraph({ seed, epoch, inputs });
  for (const { id, value } of held) graph.setData(id, value);
  const [ref] = await programs.read(node.refs);
  return graph.calc(ref!);
}
