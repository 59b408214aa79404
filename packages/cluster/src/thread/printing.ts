import * as v from "valibot";
import type { Transport } from "../transport/transport.js";

export const printedSchema = v.object({ stream: v.picklist(["stdout", "stderr"]), text: v.string() });
/** What was printed in a thread. */
export type Printed = v.InferOutput<typeof printedSchema>;

/** Sends what is printed in this thread to whoever started it, who knows where it belongs, instead of to the process's output. */
export function sendPrinted(transport: Transport): void {
  for (const stream of ["stdout", "stderr"] as const) {
    const write = (chunk: string | Uint8Array, encoding?: unknown, written?: unknown): boolean => {
      const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
      transport.send({ event: "printed", data: { stream, text } satisfies Printed });
      const done = typeof encoding === "function" ? encoding : written;
      if (typeof done === "function") queueMicrotask(() => done());
      return true;
    };
    process[stream].write = write as typeof process.stdout.write;
  }
}

/** A line that is longer than this is told in parts. */
const LONGEST = 64 * 1024;

/** Cuts what is printed bit by bit into lines. */
export class PrintedLines {
  readonly #tell: (line: string) => void;
  #rest = "";

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#tell(line);
    if (this.#rest.length > LONGEST) this.end();
  }

  /** Nothing more follows what is there. */
  end(): void {
    if (this.#rest !== "") this.#tell(this.#rest);
    this.#rest = "";
  }
}
