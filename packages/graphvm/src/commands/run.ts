import {
  type CutRules,
  type JobLimits,
  KeyExistsError,
  type RecordingFile,
  type RecordingOptions,
  type Session,
} from "@graphvm/cluster";
import { sourceExists } from "@graphvm/cluster/internal";
import type { NodeReads } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import { Command } from "commander";
import { type ClusterFlags, openCluster } from "../cli/cluster.js";
import { barOptions, type Context } from "../cli/context.js";
import { asRunnable, loadTarget, parseTarget, type Runnable } from "../cli/module-target.js";
import {
  clusterOptions,
  cutOptions,
  cutRules,
  noCopyRules,
  positive,
  type RecordFlags,
  recordingOptions,
  recordOptions,
  wholeNumber,
} from "../cli/options.js";
import { jsonValue, showValue } from "../cli/show-value.js";
import { bytesText, countText } from "../cli/text.js";
import { UsageError } from "../errors.js";
import { progressBar } from "../progress.js";
import { undeclaredNote } from "../recorded/undeclared.js";

interface RunFlags extends ClusterFlags, RecordFlags {
  readonly record?: string;
  readonly force?: boolean;
  readonly cut?: readonly string[];
  readonly copy?: boolean | readonly string[];
  readonly timeout?: number;
  readonly retries?: number;
}

export function runCommand(context: Context): Command {
  const command = new Command("run")
    .description("load a module and calculate what it exports: a ref, refs, or an async function of the session")
    .argument("<module>", "FILE.ts#export; the export is main, then default, where none is named")
    .option("--record <target>", "keep a recording: out.gvr or s3://bucket/key")
    .option("--force", "replace a recording that is there")
    .option("--timeout <seconds>", "a job that runs longer is stopped (default: no limit)", positive)
    .option(
      "--retries <n>",
      "how often a job that took too long or threw is tried again (default: 0)",
      wholeNumber(0, 1000),
    );
  return clusterOptions(cutOptions(recordOptions(command)))
    .addHelpText(
      "after",
      "\nExample:\n  graphvm run pipeline.ts#main --workers 3 --record out.gvr --capture inputs,outputs",
    )
    .action((module: string, flags: RunFlags) => run(module, flags, context));
}

/** `graphvm run`: calculates what a module exports and says what came out. */
export async function run(module: string, flags: RunFlags, context: Context): Promise<void> {
  context.guardStdout();
  const { record, force = false } = flags;
  const kept = recordingOptions(flags);
  if (record === undefined && Object.keys(kept).length > 0) {
    throw new UsageError("--capture, --digests, --label and --author are about a recording: add --record.", {});
  }
  if (record !== undefined && !force && (await sourceExists(record))) {
    throw new KeyExistsError(`There is something at ${record}: choose another name, or use --force.`, { uri: record });
  }
  const target = parseTarget(module);
  const start = performance.now();
  await openCluster(flags, context, async (session) => {
    const work = async () => {
      const { name, runnable } = await loadTarget(session, target);
      const { timeout, retries } = flags;
      const rules = {
        cut: cutRules(flags),
        noCopy: noCopyRules(flags),
        ...given({ timeout, retries }),
      };
      const calculated = await calculate(session, runnable, rules, context);
      return { name, ...calculated, undeclared: await undeclared(session) };
    };
    const { result, recording } = record === undefined ? { result: await work() } : await recorded(session, kept, work);
    if (record !== undefined) await recording?.save(record, { force });
    const seconds = Math.round(performance.now() - start) / 1000;
    const { name, values, single } = result;
    const file = recording && { path: record, bytes: recording.size, calls: recording.calls };
    context.answer(
      {
        file: target.file,
        export: name,
        ...(single ? { value: jsonValue(values[0]) ?? null } : { values: values.map(jsonValue) }),
        ...result.counts,
        seconds,
        ...(result.undeclared.length === 0 ? {} : { undeclared: result.undeclared }),
        ...(file ? { recording: file } : {}),
      },
      values
        .filter((value) => value !== undefined)
        .map(showValue)
        .join("\n"),
    );
    const note = undeclaredNote(result.undeclared);
    if (note !== undefined) context.note(note);
    if (file) {
      const size = `${countText(file.calls, "call")}, ${bytesText(file.bytes)}`;
      context.note(`recorded ${size}: ${record} (prove it with: graphvm replay ${record})`);
    }
  });
}

/** Records what happens meanwhile. A recording that was on before stays on. */
async function recorded<T>(
  session: Session,
  options: RecordingOptions,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly recording: RecordingFile }> {
  const before = (await session.status()).recording.on;
  await session.setRecording(true, options);
  try {
    const result = await work();
    return { result, recording: await session.getRecording() };
  } finally {
    if (!before) await session.setRecording(false).catch(() => {}); // the session may be gone; that error was told
  }
}

interface Calculated {
  readonly values: readonly unknown[];
  readonly single: boolean;
  readonly counts: { readonly jobs?: number; readonly nodes?: number };
}

async function calculate(
  session: Session,
  runnable: Runnable,
  rules: CutRules & JobLimits,
  context: Context,
): Promise<Calculated> {
  const bar = progressBar(context.stderr, barOptions(context));
  const stop = session.onProgress(bar.update);
  try {
    if (runnable.kind === "refs") return await calculateRefs(session, runnable, rules);
    const value = await runnable.call(session);
    const again = asRunnable(value);
    if (again?.kind === "refs") return await calculateRefs(session, again, rules);
    return { values: [value], single: true, counts: await counts(session) };
  } finally {
    stop();
    bar.done();
  }
}

async function calculateRefs(
  session: Session,
  { refs, single }: Extract<Runnable, { kind: "refs" }>,
  rules: CutRules & JobLimits,
): Promise<Calculated> {
  const jobs = await session.jobDeps(refs, rules);
  await session.dispatchJobs(jobs, rules);
  await session.wait();
  const values: unknown[] = [];
  for (const ref of refs) values.push(await session.getData(ref));
  return { values, single, counts: { jobs: jobs.list.length, nodes: jobs.nodes } };
}

/** What atoms read without declaring it; nobody can say once a function has ended the cluster. */
async function undeclared(session: Session): Promise<readonly NodeReads[]> {
  return session.look().then(
    (status) => status.undeclared,
    () => [],
  );
}

/** What a function of the session left behind. It may have ended the cluster: then nobody can say. */
async function counts(session: Session): Promise<Calculated["counts"]> {
  try {
    const { nodes, jobs } = await session.graphStats();
    return { jobs: jobs.total, nodes };
  } catch {
    return {};
  }
}
