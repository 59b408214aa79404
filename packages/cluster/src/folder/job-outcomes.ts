import { appendFileSync, closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { JournalWriteError, type Json, type JsonObject } from "../recording/index.js";
import type { Ended } from "../scheduler/types.js";
import type { JournalCopy } from "./journal-copy.js";

/** How a job ended, as it is remembered. */
export type JobOutcomeNote = { readonly id: string } & Ended;

const lineSchema = v.union([
  v.object({ graph: v.number() }),
  v.object({ id: v.string(), digest: v.string(), size: v.number() }),
  v.object({
    id: v.string(),
    error: v.object({
      code: v.string(),
      name: v.string(),
      message: v.string(),
      fields: v.record(v.string(), v.unknown()),
    }),
  }),
]);

/** Says what of an error must not be written down, and copies what is written. */
export interface OutcomeLog {
  redact<T extends Json>(value: T, prose: boolean): T;
  readonly copy?: Pick<JournalCopy, "add"> | undefined;
}

/** What a file of outcomes holds: the graph's number, and how each of its jobs ended last. */
export interface KnownOutcomes {
  readonly graph: number;
  readonly outcomes: ReadonlyMap<string, JobOutcomeNote>;
}

/**
 * `jobs.ndjson`: how the jobs of the graph there is now ended. A master that goes on with the session knows by it what is done,
 * and what a job that runs again must give. An emptied graph empties the file.
 */
export class JobOutcomes {
  readonly #fd: number;
  readonly #path: string;
  readonly #log: OutcomeLog;
  #graph: number;
  #waiting: string[] = [];
  #soon: NodeJS.Immediate | undefined;
  #failure: JournalWriteError | undefined;

  constructor(folder: string, graph: number, log: OutcomeLog) {
    this.#log = log;
    this.#path = join(folder, "jobs.ndjson");
    this.#graph = graph;
    this.#fd = openSync(this.#path, "a");
    if (graph === 0) this.#line({ graph: 0 });
  }

  /** Which graph the outcomes belong to: another number after each that was emptied. */
  get graph(): number {
    return this.#graph;
  }

  add(note: JobOutcomeNote): void {
    // ids, digests and sizes hide nothing
    this.#line("digest" in note ? note : this.#log.redact(note as unknown as JsonObject, true));
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      try {
        this.flush();
      } catch {
        // whoever waits for these jobs is told
      }
    });
  }

  /** The graph was emptied: what its jobs gave says nothing of the next one's. */
  reset(graph: number): void {
    this.#graph = graph;
    this.#waiting = [];
    try {
      ftruncateSync(this.#fd, 0);
    } catch (error) {
      this.#failure ??= this.#failed(error);
    }
    this.#line({ graph: this.#graph });
    try {
      this.flush();
    } catch {
      // the journal has its own line, which fails too
    }
  }

  /** Returns once everything is written. @throws JournalWriteError */
  flush(): void {
    if (this.#failure) throw this.#failure;
    if (this.#waiting.length === 0) return;
    const text = this.#waiting.join("");
    const bytes = Buffer.from(text);
    this.#waiting = [];
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
    } catch (error) {
      this.#failure = this.#failed(error);
      throw this.#failure;
    }
    this.#log.copy?.add("jobs", text);
  }

  close(): void {
    if (this.#soon) clearImmediate(this.#soon);
    try {
      this.flush();
    } catch {
      // it was told where it mattered
    }
    closeSync(this.#fd);
  }

  #line(line: object): void {
    this.#waiting.push(`${JSON.stringify(line)}\n`);
  }

  #failed(cause: unknown): JournalWriteError {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new JournalWriteError(
      `${this.#path} could not be written (${why}): free the disk and go on with the session (--resume).`,
      { path: this.#path },
      { cause },
    );
  }
}

/** Reads the outcomes that a master left. A line that a crash or a full disk tore is passed over. */
export function readOutcomes(folder: string): KnownOutcomes {
  const path = join(folder, "jobs.ndjson");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  // what is added next must not stand on a torn line
  if (text !== "" && !text.endsWith("\n")) appendFileSync(path, "\n");
  let graph = 0;
  const outcomes = new Map<string, JobOutcomeNote>();
  for (const line of text.split("\n")) {
    const parsed = v.safeParse(lineSchema, parse(line));
    if (!parsed.success) continue;
    if ("graph" in parsed.output) {
      graph = parsed.output.graph;
      outcomes.clear();
    } else outcomes.set(parsed.output.id, parsed.output);
  }
  return { graph, outcomes };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
