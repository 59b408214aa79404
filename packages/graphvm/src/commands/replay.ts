import { basename, dirname, extname, resolve } from "node:path";
import {
  type Recording,
  type ReplayReport,
  readRecording,
  readSource,
  replayRecording,
  requireTrusted,
  type Stop,
  type StoppedReplay,
  trustedFingerprints,
} from "@graphvm/cluster";
import { parsePlace } from "@graphvm/cluster/internal";
import { given } from "@graphvm/engine/internal";
import { Command, Option } from "commander";
import { connectTo, DEFAULT_WORKERS, isElsewhere } from "../cli/cluster.js";
import { agreeToRun } from "../cli/consent.js";
import { barOptions, type Context } from "../cli/context.js";
import { type MasterFlags, mapping, masterOptions, STRICT, wholeNumber } from "../cli/options.js";
import { readText } from "../cli/read-text.js";
import { UsageError } from "../errors.js";
import { progressBar } from "../progress.js";
import { replayJson, replayText } from "../recorded/replay-text.js";
import { inspectStop, type StopFlags } from "./replay-stop.js";

interface ReplayFlags extends MasterFlags, StopFlags {
  readonly workers?: number;
  readonly yes?: boolean;
  readonly root?: string;
  readonly input?: { readonly [uri: string]: string };
  readonly verify?: "jobs" | "nodes";
  readonly until?: string;
  readonly withCode?: readonly string[];
  readonly seed?: number;
  readonly strict?: boolean;
  readonly trusted?: string;
}

export function replayCommand(context: Context): Command {
  const command = new Command("replay")
    .description("run a recording again on a fresh cluster and compare every job's bytes")
    .argument("<source>", "out.gvr or s3://bucket/key")
    .option("--workers <n>", `worker threads of the fresh cluster (default: ${DEFAULT_WORKERS})`, wholeNumber(1))
    .option("--yes", "run the recorded code without asking")
    .option("--trusted <file>", "public keys (PEM): only what one of them signed is run, without asking")
    .option("--root <dir>", "where relative inputs are looked for (default: beside the recording, then here)")
    .option("--input <old=new>", "an input that lies elsewhere now", mapping)
    .addOption(new Option("--verify <level>", "compare jobs, or every node (default: jobs)").choices(["jobs", "nodes"]))
    .option("--with-code <file>", "edited code in the place of a recorded program: FILE.ts or NAME=FILE.ts", several)
    .option("--seed <n>", "another seed than the recorded one", wholeNumber(0))
    .option("--strict", `${STRICT} (default: as recorded)`)
    .option("--until <node>", "stop at a node: its rule, or the first digits of its id")
    .option("--open", "there, open a REPL on the node's inputs")
    .option("--with <file>", "there, run the node again with the rule that FILE.ts exports, and compare");
  return masterOptions(command)
    .addHelpText(
      "after",
      [
        "\nExample:",
        "  graphvm replay out.gvr --workers 4 --input data.csv=/mnt/data.csv",
        "  graphvm replay s3://audit/2031/fraud.gvr --verify nodes --trusted keys.pem",
        "  graphvm replay out.gvr --until fraud.auc --with fixed.ts",
        "\nExit codes: 0 equal, 3 diverged, 2 unreadable, tampered with or not to be trusted (nothing was run).",
      ].join("\n"),
    )
    .action(async (source: string, flags: ReplayFlags) => {
      process.exitCode = await replay(source, flags, context);
    });
}

/** `graphvm replay`: proves a recording; 0 where every byte is the same, 3 where not. */
export async function replay(source: string, flags: ReplayFlags, context: Context): Promise<number> {
  context.guardStdout();
  refuseMixed(flags, context);
  const trusted = flags.trusted === undefined ? undefined : readText(flags.trusted, "file of trusted keys");
  const bytes = await readSource(source);
  const recording = await readRecording(bytes);
  if (trusted !== undefined) requireTrusted(recording.signature, trustedFingerprints(trusted));
  else if (!flags.yes) await agreeToRun(source, recording, context);
  const bar = progressBar(context.stderr, barOptions(context));
  const session = isElsewhere(flags) ? await connectTo(flags, context) : undefined;
  let looked: object = {};
  let report: ReplayReport;
  try {
    // the bytes that were shown are the bytes that run: the source is not read again
    report = await replayRecording(session ?? { workers: flags.workers ?? DEFAULT_WORKERS }, bytes, {
      root: flags.root ?? defaultRoots(source),
      onProgress: bar.update,
      ...given({ inputs: flags.input, verify: flags.verify, seed: flags.seed, strict: flags.strict }),
      ...(flags.withCode === undefined ? {} : { code: codeMap(flags.withCode, recording) }),
      ...given({ until: flags.until }),
      onStop: async (stopped: StoppedReplay) => {
        bar.done();
        looked = await inspectStop(stopped, flags, context);
      },
    });
  } finally {
    bar.done();
    await session?.close();
  }
  for (const warning of report.warnings) context.note(`warning: ${warning}`);
  context.answer({ source, ...replayJson(report), ...looked }, answerText(report, report.stopped, context));
  const edited = "edited" in looked && !(looked as { edited: { equal: boolean } }).edited.equal;
  return report.verdict === "equal" && !edited ? 0 : 3;
}

/** Where it stopped, everything was told already. */
function answerText(report: ReplayReport, stopped: Stop | undefined, context: Context): string {
  if (stopped === undefined) return replayText(report);
  if (report.first !== undefined) context.note(replayText(report));
  return "";
}

function refuseMixed(flags: ReplayFlags, context: Context): void {
  if (isElsewhere(flags) && flags.workers !== undefined) {
    throw new UsageError("--workers is for a cluster started here: leave it out, or --master and --fabric.", {});
  }
  if (flags.until === undefined && (flags.open || flags.with !== undefined)) {
    throw new UsageError("--open and --with work at a node: say which with --until.", {});
  }
  if (flags.open && context.json) throw new UsageError("--open talks to people: leave it or --json out.", {});
}

/** `FILE.ts` stands for the program of that name, or for the only one. */
function codeMap(given: readonly string[], { header }: Recording): { readonly [program: string]: string } {
  const names = header.programs.map(({ name }) => name);
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf("=");
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      const own = basename(text, extname(text));
      return [names.includes(own) || names.length !== 1 ? own : names[0]!, text];
    }),
  );
}

function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function defaultRoots(source: string): string[] {
  const place = parsePlace(source);
  return place.kind === "file" ? [dirname(resolve(place.path)), process.cwd()] : [process.cwd()];
}
