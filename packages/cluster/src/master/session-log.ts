import { stat } from "node:fs/promises";
import { join } from "node:path";
import { toWireError } from "@graphvm/engine";
import type { JournalCopy } from "../folder/journal-copy.js";
import type { SessionFolder } from "../folder/session-folder.js";
import {
  BlobDamagedError,
  type BlobSource,
  blobRef,
  blobRefs,
  FolderStore,
  type Journal,
  type JournalLine,
  JournalWriteError,
  type Json,
  openJournal,
  redactSecrets,
  sha256Hex,
} from "../recording/index.js";
import { unbox } from "../replay/unbox.js";
import { type JournalMarks, marked, unmark } from "./journal-marks.js";

/** A call as the journal has it. */
export interface LoggedCall {
  readonly at: number;
  readonly method: string;
  readonly params: Json;
  readonly result?: Json;
  readonly error?: Json;
}

/** What a recording keeps beside calls, code and digests. */
export interface RecordingSettings {
  /** Bytes of declared inputs; values of jobs, taken when they are waited for. */
  readonly capture: readonly ("inputs" | "outputs")[];
  /** Digests of jobs, or of every node. */
  readonly digests: "jobs" | "nodes";
  readonly labels?: { readonly [name: string]: string };
  readonly author?: string;
}

/** Calls that make up a recording, and what it is to keep. */
export interface RecordedCalls {
  readonly calls: readonly LoggedCall[];
  readonly settings: RecordingSettings;
}

const PLAIN: RecordingSettings = { capture: [], digests: "jobs" };

interface JobDigest {
  readonly id: string;
  readonly digest: string;
}

/** JSON larger than this stands as a blob. */
const INLINE = 16 * 1024;

/** Calls that make up a session's state: what a recording that starts later must write down first. */
const LOADS: ReadonlySet<string> = new Set(["load", "remoteEval", "addRules"]);

/** The line of a value that a rule let out of its plane. It is no call. */
export const EXPORT = "export";

/**
 * The session's write-ahead log, and the recording cut from it. A call is acknowledged once its line is written; the file
 * is synced every 10 ms at most.
 */
export class SessionLog {
  readonly directory: string;
  /** How a recording is to be made; what `setRecording` was given last. */
  settings: RecordingSettings = PLAIN;
  /** Lines that were there when the log was opened. */
  readonly earlier: readonly JournalLine[];
  readonly #sizes = new Map<string, number>();
  readonly #journal: Journal;
  readonly #store: FolderStore;
  /** Where lines and blobs are kept besides. */
  readonly copy: JournalCopy | undefined;
  readonly #now: () => number;
  readonly #secrets: readonly string[];
  /** What makes the session what it is: programs, and the graphs that were dispatched since the last was emptied, with what left planes. */
  #setup: LoggedCall[] = [];
  /** Params of the graphs in it: dispatched again they add nothing. */
  readonly #dispatched = new Set<string>();
  #recorded: LoggedCall[] = [];
  #recording = false;
  /** Every call of the session, where all of it is to be archived. */
  #archived: { readonly settings: RecordingSettings; calls: LoggedCall[] } | undefined;
  /** Digests that stand in a line of `wait` since the recording or the graph began. */
  readonly #waited = new Map<string, string>();

  private constructor(
    directory: string,
    journal: Journal,
    earlier: readonly JournalLine[],
    now: () => number,
    secrets: readonly string[],
    copy: JournalCopy | undefined,
  ) {
    this.copy = copy;
    this.directory = directory;
    this.#journal = journal;
    this.#store = new FolderStore(join(directory, "blobs"));
    this.earlier = earlier;
    this.#now = now;
    this.#secrets = secrets;
  }

  /** Opens the log of a session, new or not: a line that a crash tore is cut. */
  static async open(
    folder: SessionFolder,
    now: () => number,
    secrets: readonly string[],
    copy?: JournalCopy,
  ): Promise<SessionLog> {
    const earlier: JournalLine[] = [];
    const journal = await openJournal(join(folder.path, "journal.ndjson"), {
      onLine: (line) => earlier.push(line),
      onWrite: (line) => copy?.add("calls", line),
    });
    const log = new SessionLog(folder.path, journal, earlier, now, secrets, copy);
    try {
      await log.#findBlobs();
      return log;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /**
   * Writes a call down, and into the recording while that is on, unless `$kept` says otherwise. Secrets are left out. A recording that
   * begins or ends while the line is written changes nothing for it.
   */
  async add(
    method: string,
    params: Json,
    outcome: { readonly result: Json } | { readonly error: unknown },
    marks: JournalMarks = {},
    kept = marks.$kept ?? this.#recording,
  ): Promise<void> {
    const ended =
      "error" in outcome
        ? { error: await this.box(wireJson(outcome.error), true) }
        : { result: await this.box(outcome.result, method === "graph") };
    const { value, redacted } = redactSecrets(params, { values: this.#secrets });
    const call: LoggedCall = { at: this.#now(), method, params: await this.#boxed(value), ...ended };
    const all = {
      ...marks,
      ...(redacted.length > 0 ? { $redacted: true } : {}),
      ...(kept === this.#recording ? {} : { $kept: kept }),
    };
    await this.#journal.add({ ...call, params: marked(call.params, all) });
    await this.#copied();
    this.#enter(call, { ...marks, $kept: kept });
  }

  /** Takes a line that is in the journal already, as `add` took it then; what its call does was done before. */
  async restore({ at, method, params, result, error }: JournalLine): Promise<void> {
    const plain = unmark(params);
    const ended = error === undefined ? { result: result ?? null } : { error };
    this.#enter({ at, method, params: plain.params, ...ended }, plain.marks);
    if (method !== "wait" || result === undefined) return;
    this.news((await this.unbox((result as { jobs: Json }).jobs)) as JobDigest[]);
  }

  /** Puts blobs back in the place of their references. */
  async unbox(json: Json): Promise<unknown> {
    const found = new Map<string, Uint8Array>();
    for (const sha256 of blobRefs(json)) {
      const bytes = await this.#store.get(sha256);
      if (sha256Hex(bytes) !== sha256)
        throw new BlobDamagedError(`The blob ${sha256} beside the journal has other bytes than it had.`, { sha256 });
      found.set(sha256, bytes);
    }
    return unbox(json, { blobs: { get: (sha256) => found.get(sha256)! } });
  }

  /** Why no more lines can be written. */
  get failure(): Error | undefined {
    return this.journal.failed ?? (this.copy?.failure && this.#notCopied(this.copy.failure));
  }

  /** @throws JournalWriteError where no more lines can be written */
  check(): void {
    if (this.failure) throw this.failure;
  }

  /** Keeps bytes beside the journal; the reference that stands for them. */
  async blob(bytes: Uint8Array): Promise<{ readonly $blob: string }> {
    const sha256 = sha256Hex(bytes);
    if (!this.#sizes.has(sha256)) {
      await this.#store.put(sha256, bytes);
      await this.copy?.blob(sha256, bytes);
      this.#sizes.set(sha256, bytes.length);
    }
    return blobRef(sha256);
  }

  /** The blobs kept so far. */
  get blobs(): BlobSource {
    return { size: (sha256) => this.#sizes.get(sha256), read: (sha256) => this.#store.get(sha256) };
  }

  /** A value without secrets; `prose` as in `box`. */
  redact<T extends Json>(value: T, prose = false): T {
    return redactSecrets(value, { values: this.#secrets, prose }).value as T;
  }

  /** `prose`: texts in it are labels and messages. JSON as a line has it: without secrets, and as a blob where it is large. What refers to blobs stays in the line. */
  async box(json: Json, prose = false): Promise<Json> {
    return this.#boxed(redactSecrets(json, { values: this.#secrets, prose }).value);
  }

  async #boxed(value: Json): Promise<Json> {
    const text = JSON.stringify(value);
    if (text.length <= INLINE || blobRefs(value).size > 0) return value;
    return { $json: await this.blob(Buffer.from(text)) };
  }

  /** Whether a line of `wait` has told any jobs since the recording or the graph began: the next need not tell those again. */
  get toldJobs(): boolean {
    return this.#waited.size > 0;
  }

  /** Those jobs whose digests no line has yet: a line need not repeat what earlier ones say. */
  news<J extends JobDigest>(jobs: readonly J[]): J[] {
    const news = jobs.filter(({ id, digest }) => this.#waited.get(id) !== digest);
    for (const { id, digest } of news) this.#waited.set(id, digest);
    return news;
  }

  /** How much is written, how often it was synced, and why no more can be. */
  get journal(): {
    readonly lines: number;
    readonly bytes: number;
    readonly syncs: number;
    readonly syncSeconds: number;
    readonly failed: Error | undefined;
  } {
    const { nextSeq: lines, size: bytes, syncs, syncSeconds, failure: failed } = this.#journal;
    return { lines, bytes, syncs, syncSeconds, failed };
  }

  get recording(): boolean {
    return this.#recording;
  }

  /** The recorded calls so far. */
  get recorded(): readonly LoggedCall[] {
    return this.#recorded;
  }

  /** From now on every call is kept for the archive too, whatever clients record. */
  archive(settings: RecordingSettings): void {
    this.#archived = { settings, calls: [] };
  }

  /** All calls of the session and what is to be kept of them, where it is archived. */
  get archived(): RecordedCalls | undefined {
    return this.#archived;
  }

  /** What lines must hold: for a client's recording, for the archive, or for both. Undefined where neither is made. */
  get wanted(): Pick<RecordingSettings, "capture" | "digests"> | undefined {
    const all = [...(this.#recording ? [this.settings] : []), ...(this.#archived ? [this.#archived.settings] : [])];
    if (all.length === 0) return undefined;
    const nodes = all.some(({ digests }) => digests === "nodes");
    return { capture: all.flatMap(({ capture }) => capture), digests: nodes ? "nodes" : "jobs" };
  }

  /** Turns recording on or off. The first line of a recording is what is loaded already. */
  setRecording(on: boolean, settings: Partial<RecordingSettings> = {}): void {
    // what turns on what is on already, and says nothing more, changes nothing
    if (on && (!this.#recording || Object.keys(settings).length > 0)) this.settings = { ...PLAIN, ...settings };
    if (on && this.#recorded.length === 0) this.#recorded = [...this.#setup];
    if (on !== this.#recording) this.#waited.clear();
    this.#recording = on;
  }

  clearRecording(): void {
    this.#recorded = this.#recording ? [...this.#setup] : [];
    this.#waited.clear();
  }

  /** Forgets programs and graph: the session starts over. */
  restart(): void {
    this.#setup = [];
    this.#dispatched.clear();
    this.#recorded = [];
    if (this.#archived) this.#archived.calls = [];
    this.#waited.clear();
  }

  async close(): Promise<void> {
    await this.#journal.close();
  }

  async #copied(): Promise<void> {
    try {
      await this.copy?.stored();
    } catch (error) {
      throw this.#notCopied(error as Error);
    }
  }

  #notCopied(cause: Error): JournalWriteError {
    return new JournalWriteError(cause.message, { path: this.directory }, { cause });
  }

  #enter(call: LoggedCall, { $kept = this.#recording, $auditor = false }: JournalMarks): void {
    if (call.error === undefined) this.#note(call);
    if ($kept) this.#recorded.push(call);
    if (!$auditor) this.#archived?.calls.push(call);
  }

  /** Which blobs are there from before. */
  async #findBlobs(): Promise<void> {
    for (const { params, result, error } of this.earlier) {
      for (const sha256 of blobRefs([params, result ?? null, error ?? null])) {
        const found = await stat(join(this.directory, "blobs", sha256)).catch(() => undefined);
        if (found) this.#sizes.set(sha256, found.size);
      }
    }
  }

  #note(call: LoggedCall): void {
    // these can empty the graph
    if (LOADS.has(call.method) || call.method === "initGraph") this.#waited.clear();
    if (call.method === "initGraph") this.#setup = this.#setup.filter((each) => LOADS.has(each.method));
    if (LOADS.has(call.method) && this.#isLoaded(call)) return;
    if (LOADS.has(call.method) || call.method === "initGraph") this.#dispatched.clear();
    else if (call.method !== EXPORT && (call.method !== "dispatchJobs" || this.#isDispatched(call))) return;
    this.#setup.push(call);
  }

  #isDispatched({ params }: LoggedCall): boolean {
    const key = JSON.stringify(params);
    const known = this.#dispatched.has(key);
    this.#dispatched.add(key);
    return known;
  }

  /** Every client loads its programs, and most are there already: those calls make up nothing. */
  #isLoaded({ params }: LoggedCall): boolean {
    const program = programOf(params);
    const before = this.#setup.findLast(
      (call) => LOADS.has(call.method) && programOf(call.params).name === program.name,
    );
    return before !== undefined && programOf(before.params).hash === program.hash;
  }
}

function programOf(params: Json): { readonly name: string; readonly hash: string } {
  return (params as { program: { name: string; hash: string } }).program;
}

/** An error without its stack, which names places of this machine. */
function wireJson(error: unknown): Json {
  const { code, name, message, fields } = toWireError(error);
  return JSON.parse(JSON.stringify({ code, name, message, fields })) as Json;
}
