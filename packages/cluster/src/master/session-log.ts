import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { toWireError } from "@graphvm/engine";
import {
  type BlobSource,
  blobRef,
  blobRefs,
  FolderStore,
  type Journal,
  type Json,
  openJournal,
  redactSecrets,
  redactText,
  sha256Hex,
} from "../recording/index.js";
import { makeTempFolder, removeTempFolder } from "../temp-folders.js";

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

const PLAIN: RecordingSettings = { capture: [], digests: "jobs" };

/** JSON larger than this stands as a blob. */
const INLINE = 16 * 1024;

/** Calls that make up a session's state: what a recording that starts later must write down first. */
const LOADS: ReadonlySet<string> = new Set(["load", "remoteEval", "addRules"]);

/**
 * The session's write-ahead log, and the recording cut from it. A call is acknowledged once its line is written; the file
 * is synced every 10 ms at most.
 */
export class SessionLog {
  readonly directory: string;
  /** How a recording is to be made; what `setRecording` was given last. */
  settings: RecordingSettings = PLAIN;
  readonly #sizes = new Map<string, number>();
  readonly #journal: Journal;
  readonly #store: FolderStore;
  readonly #temporary: boolean;
  readonly #now: () => number;
  readonly #secrets: readonly string[];
  #setup: LoggedCall[] = [];
  #recorded: LoggedCall[] = [];
  #recording = false;
  /** Digests that stand in a line of `wait` since the recording or the graph began. */
  readonly #waited = new Map<string, string>();

  private constructor(
    directory: string,
    temporary: boolean,
    journal: Journal,
    now: () => number,
    secrets: readonly string[],
  ) {
    this.directory = directory;
    this.#temporary = temporary;
    this.#journal = journal;
    this.#now = now;
    this.#secrets = secrets;
    this.#store = new FolderStore(join(directory, "blobs"));
  }

  /** Opens a log in `directory`, or in a temporary one that goes with the session. */
  static async open(directory: string | undefined, now: () => number, secrets: readonly string[]): Promise<SessionLog> {
    const path = directory ?? makeTempFolder("graphvm-journal-");
    mkdirSync(join(path, "blobs"), { recursive: true });
    const journal = await openJournal(join(path, "journal.ndjson"));
    return new SessionLog(path, directory === undefined, journal, now, secrets);
  }

  /**
   * Writes a call down, and into the recording while that is on, unless `keep` says always or never: what an auditor reads
   * is no part of it. What it holds of secrets is replaced.
   */
  async add(
    method: string,
    params: Json,
    outcome: { readonly result: Json } | { readonly error: unknown },
    keep: "journal" | "recording" | undefined = undefined,
  ): Promise<void> {
    const ended =
      "error" in outcome
        ? { error: await this.box(wireJson(outcome.error)) }
        : { result: await this.box(outcome.result) };
    const call: LoggedCall = { at: this.#now(), method, params: await this.box(params), ...ended };
    await this.#journal.add(call);
    if (!("error" in outcome)) this.#note(call);
    if (keep ? keep === "recording" : this.#recording) this.#recorded.push(call);
  }

  /** Keeps bytes beside the journal; the reference that stands for them. */
  async blob(bytes: Uint8Array): Promise<{ readonly $blob: string }> {
    const sha256 = sha256Hex(bytes);
    if (!this.#sizes.has(sha256)) {
      await this.#store.put(sha256, bytes);
      this.#sizes.set(sha256, bytes.length);
    }
    return blobRef(sha256);
  }

  /** The blobs kept so far. */
  get blobs(): BlobSource {
    return { size: (sha256) => this.#sizes.get(sha256), read: (sha256) => this.#store.get(sha256) };
  }

  /** A text without secrets. */
  redact(text: string): string {
    return redactText(text, this.#secrets);
  }

  /** JSON as a line has it: without secrets, and as a blob where it is large. What refers to blobs stays in the line. */
  async box(json: Json): Promise<Json> {
    const { value } = redactSecrets(json, { values: this.#secrets });
    const text = JSON.stringify(value);
    if (text.length <= INLINE || blobRefs(value).size > 0) return value;
    return { $json: await this.blob(Buffer.from(text)) };
  }

  /** Whether a line of `wait` has told any jobs since the recording or the graph began: the next need not tell those again. */
  get toldJobs(): boolean {
    return this.#waited.size > 0;
  }

  /** Those jobs whose digests no line has yet: a line need not repeat what earlier ones say. */
  news<J extends { readonly id: string; readonly digest: string }>(jobs: readonly J[]): J[] {
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
    this.#recorded = [];
    this.#waited.clear();
  }

  async close(): Promise<void> {
    await this.#journal.close();
    if (this.#temporary) removeTempFolder(this.directory);
  }

  #note(call: LoggedCall): void {
    // these can empty the graph
    if (LOADS.has(call.method) || call.method === "initGraph") this.#waited.clear();
    if (call.method === "initGraph") this.#setup = this.#setup.filter((each) => LOADS.has(each.method));
    if (LOADS.has(call.method) || call.method === "initGraph" || call.method === "dispatchJobs") this.#setup.push(call);
  }
}

/** An error without its stack, which names places of this machine. */
function wireJson(error: unknown): Json {
  const { code, name, message, fields } = toWireError(error);
  return JSON.parse(JSON.stringify({ code, name, message, fields })) as Json;
}
