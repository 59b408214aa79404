import * as v from "valibot";
import { PrintedLines, printedSchema } from "../thread/printing.js";

/** What a worker's thread prints, and what becomes of it. */
export interface WorkerOutput {
  /** A line of a job: who started the worker wants to see it. */
  ofJob(worker: string, stream: "stdout" | "stderr", line: string): void;
  /** A line printed while a program is loaded: the client that loads it prints the same. */
  whileLoading(worker: string, line: string): void;
}

/** Lines of jobs go to this process's own output, with the worker's name before them. */
export function ownOutput(whileLoading: (worker: string, line: string) => void): WorkerOutput {
  return {
    ofJob: (worker, stream, line) => void process[stream].write(`[${worker}] ${line}\n`),
    whileLoading,
  };
}

/** Sorts what a thread prints: a module's own output comes while it is loaded, that of rules and atoms while a job runs. */
export class WorkerPrinting {
  readonly #output: WorkerOutput;
  readonly #worker: { name(): string; loading(): boolean };
  readonly #lines: { readonly [stream in "stdout" | "stderr"]: PrintedLines };

  /** @param worker The name the master gave it, and whether it is being told of programs now. */
  constructor(output: WorkerOutput, worker: { name(): string; loading(): boolean }) {
    this.#output = output;
    this.#worker = worker;
    const lines = (stream: "stdout" | "stderr") => new PrintedLines((line) => this.#line(stream, line));
    this.#lines = { stdout: lines("stdout"), stderr: lines("stderr") };
  }

  add(news: unknown): void {
    const said = v.safeParse(printedSchema, news);
    if (said.success) this.#lines[said.output.stream].add(said.output.text);
  }

  end(): void {
    this.#lines.stdout.end();
    this.#lines.stderr.end();
  }

  #line(stream: "stdout" | "stderr", line: string): void {
    const name = this.#worker.name() || "a new worker";
    if (this.#worker.loading()) this.#output.whileLoading(name, line);
    else this.#output.ofJob(name, stream, line);
  }
}
