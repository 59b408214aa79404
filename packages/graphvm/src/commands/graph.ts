import { basename } from "node:path";
import { KeyExistsError, readRecording, readSource, type Session, writeTarget } from "@graphvm/cluster";
import { sourceExists } from "@graphvm/cluster/internal";
import { given } from "@graphvm/engine/internal";
import { Command } from "commander";
import { type ClusterFlags, DEFAULT_WORKERS, isElsewhere, openCluster } from "../cli/cluster.js";
import type { Context } from "../cli/context.js";
import { loadTarget, parseTarget } from "../cli/module-target.js";
import { clusterOptions, cutOptions, cutRules, noCopyRules, wholeNumber } from "../cli/options.js";
import { bytesText, countText } from "../cli/text.js";
import { type DrawnGraph, recordedGraph } from "../recorded/jobs.js";

interface GraphFlags extends ClusterFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly fold: number;
  readonly cut?: readonly string[];
  readonly copy?: boolean | readonly string[];
}

export function graphCommand(context: Context): Command {
  const command = new Command("graph")
    .description("draw a graph as SVG: of a module's export, planned and not run, or of a recording, colour = worker")
    .argument("<source>", "FILE.ts#export, or out.gvr, or s3://bucket/key")
    .option("-o, --out <file>", "where the picture goes (default: stdout)")
    .option("--force", "replace a picture that is there")
    .option("--fold <n>", "above so many nodes draw one box a rule", wholeNumber(1), 1000);
  return clusterOptions(cutOptions(command))
    .addHelpText(
      "after",
      "\nExample:\n  graphvm graph pipeline.ts#main --cut ml.train -o graph.svg\n  graphvm graph out.gvr -o graph.svg",
    )
    .action((source: string, flags: GraphFlags) => graph(source, flags, context));
}

/** `graphvm graph`: the picture of a graph. */
export async function graph(source: string, flags: GraphFlags, context: Context): Promise<void> {
  context.guardStdout();
  const { out, force = false } = flags;
  if (out !== undefined && !force && (await sourceExists(out))) {
    throw new KeyExistsError(`There is something at ${out}: choose another name, or use --force.`, { uri: out });
  }
  const drawn = isRecording(source) ? await ofRecording(source, context) : await ofModule(source, flags, context);
  const { drawSvg } = await import("../picture/svg.js"); // Graphviz in WASM takes its time to load
  const { picture, workers } = drawn;
  const svg = await drawSvg(drawn, basename(source));
  if (out !== undefined) await writeTarget(out, Buffer.from(svg), { force });
  const nodes = picture.nodes.reduce((sum, { count }) => sum + count, 0);
  const jobs = picture.folded ? drawn.jobs : picture.nodes.filter(({ isJob }) => isJob).length;
  const summary = {
    nodes,
    boxes: picture.nodes.length,
    edges: picture.edges.length,
    folded: picture.folded,
    ...given({ jobs }),
  };
  const told = { source, ...summary, workers: new Set(Object.values(workers)).size, bytes: svg.length };
  context.answer(
    out === undefined ? { ...told, svg } : { ...told, path: out },
    out === undefined
      ? svg
      : `${out}: ${countText(nodes, "node")}, ${countText(jobs ?? 0, "job")}, ${bytesText(svg.length)}`,
  );
}

/** A module's name has an export or ends in a module's ending; everything else is a recording. */
function isRecording(source: string): boolean {
  return source.startsWith("s3://") || !/(#|\.[cm]?[jt]sx?$)/.test(source);
}

async function ofRecording(source: string, context: Context): Promise<DrawnGraph> {
  const { graph, complete } = recordedGraph(await readRecording(await readSource(source)));
  if (!complete) context.note(`${source} keeps no picture of its graph: these are its jobs, without edges.`);
  return graph;
}

/** Refs are planned and not run. What a function does can only be seen by running it. */
async function ofModule(source: string, flags: GraphFlags, context: Context): Promise<DrawnGraph> {
  const target = parseTarget(source);
  const rules = { cut: cutRules(flags), noCopy: noCopyRules(flags) };
  const { fold } = flags;
  const planned = await openCluster(
    flags,
    context,
    async (session) => {
      const { runnable } = await loadTarget(session, target);
      if (runnable.kind === "refs") {
        const jobs = (await session.jobDeps(runnable.refs, rules)).list.length;
        return { ...(await session.graph({ fold })), jobs };
      }
      if (!isElsewhere(flags) && !flags.workers) return undefined;
      return afterwards(session, runnable.call, fold);
    },
    0,
  );
  if (planned !== undefined) return planned;
  const { workers: _none, ...rest } = flags;
  return openCluster({ ...rest, workers: DEFAULT_WORKERS }, context, async (session) => {
    const { runnable } = await loadTarget(session, target);
    if (runnable.kind === "function") await runnable.call(session);
    return session.graph({ fold });
  });
}

async function afterwards(session: Session, call: (session: Session) => unknown, fold: number): Promise<DrawnGraph> {
  await call(session);
  const drawn = await session.graph({ fold });
  return { ...drawn, jobs: (await session.graphStats()).jobs.total };
}
