import { fromWireError, type WireError } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import * as v from "valibot";
import { SessionFolderError } from "../errors.js";
import { JobOutcomes, readOutcomes } from "../folder/job-outcomes.js";
import { SessionFolder } from "../folder/session-folder.js";
import type { JournalLine, RecordedInput } from "../recording/index.js";
import { SESSION_CALLS } from "./calls.js";
import { unmark } from "./journal-marks.js";
import type { Master } from "./master.js";
import { EXPORT, type RecordingSettings } from "./session-log.js";

/** Calls that made the session what it is, and are made again. */
const PROGRAMS: ReadonlySet<string> = new Set(["load", "remoteEval", "addRules", "initGraph"]);
/** Those that concern the graph there was then: where it was emptied later they are left out. */
const JOBS: ReadonlySet<string> = new Set(["dispatchJobs", "cancel"]);

/** What says which session a master is of. */
export interface FolderOptions {
  readonly resume?: string;
  readonly journal?: string;
  readonly seed?: number;
  readonly epoch?: number;
  readonly root?: string;
  readonly strict?: boolean;
}

/** The folder of the session that is begun or gone on with. */
export function openFolder(
  { resume, journal, seed, epoch, root, strict }: FolderOptions,
  now: () => number,
): SessionFolder {
  if (resume === undefined) {
    return SessionFolder.begin(journal, {
      seed: seed ?? 0,
      epoch: epoch ?? now(),
      roots: [root ?? process.cwd()],
      ...given({ strict }),
    });
  }
  if (journal !== undefined || seed !== undefined || epoch !== undefined || strict !== undefined) {
    throw new SessionFolderError(
      "A session that is resumed keeps its journal, seed, epoch and strictness: leave them out beside resume.",
      { folder: resume },
    );
  }
  const folder = SessionFolder.resume(resume);
  if (root !== undefined) folder.write({ roots: [root] });
  return folder;
}

/**
 * Makes a session what it was when its master ended: its calls go, in their order, the way they went then, and the log takes
 * its lines as it wrote them. Jobs that had ended are remembered and not run again, unless their values are lost and needed.
 *
 * @throws SessionFolderError where the session was ended; InputChangedError, InputMissingError, and what damaged journals throw
 */
export async function resumeSession(master: Master, folder: SessionFolder): Promise<void> {
  const { session, log } = master;
  const lines = log.earlier;
  if (lines.some(({ method, error }) => method === "endCluster" && error === undefined)) {
    throw new SessionFolderError(`The session in ${folder.path} was ended by a client: begin another one.`, {
      folder: folder.path,
    });
  }
  const known = readOutcomes(folder.path);
  const begin = lines.findLastIndex(({ params }) => unmark(params).marks.$graph !== undefined);
  const { roots, inputs } = folder.record;
  session.inputs.relocate(roots, new Map(Object.entries(inputs)));
  for (const [i, line] of lines.entries()) {
    if (i === begin + 1) session.remember(known.outcomes);
    const answer = await again(master, line, i > begin);
    rememberAnswer(master, line, answer);
    await log.restore(line);
  }
  session.keep(new JobOutcomes(folder.path, known.graph, log));
}

/** Does again what a line says; what it gives. */
async function again({ session, log }: Master, line: JournalLine, thisGraph: boolean): Promise<unknown> {
  const { method, error } = line;
  if (error !== undefined) return undefined;
  const { params, marks } = unmark(line.params);
  if (method === "setRecording") {
    const { on, ...settings } = params as unknown as { on: boolean } & Partial<RecordingSettings>;
    log.setRecording(on, settings);
  }
  if (method === "clearRecording") log.clearRecording();
  if (method === "restart") {
    const { seed, epoch, strict = false } = params as { seed: number; epoch: number; strict?: boolean };
    await session.restart(seed, epoch, strict);
    log.restart();
  }
  if (method === "dispatchJobs") {
    const before = inputsOf(await log.unbox(line.result ?? null));
    session.inputs.expect(before);
    session.runner.boundInputs.expect(before);
  }
  if (method === EXPORT) {
    const { id, rule, plane } = params as { id: string; rule: string; plane: string };
    const { bytes, digest } = line.result as { bytes: number | null; digest: string };
    session.runner.exports.written({ id, rule, plane, bytes, digest, order: 0 });
  }
  if (!PROGRAMS.has(method) && !(JOBS.has(method) && thisGraph)) return undefined;
  if (marks.$redacted) {
    process.emitWarning(`Call ${line.seq} (${method}) held a secret, which no journal keeps: it must be made again.`);
    return undefined;
  }
  const call = SESSION_CALLS[method]!;
  return (await call.run(v.parse(call.params, await log.unbox(params)), session, log)).answer;
}

/** A client that lost its link before this call was answered sends it again. */
function rememberAnswer({ once, log }: Master, line: JournalLine, answer: unknown): void {
  const { $call } = unmark(line.params).marks;
  if (!$call) return;
  const [client, number, answered] = $call;
  const gave = async (): Promise<unknown> => {
    if (line.error !== undefined) throw fromWireError((await log.unbox(line.error)) as WireError);
    return answer ?? null;
  };
  void once.run(client, [number, answered], gave).catch(() => {});
}

function inputsOf(result: unknown): readonly RecordedInput[] {
  return (result as { inputs?: RecordedInput[] } | null)?.inputs ?? [];
}
