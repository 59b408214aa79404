import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { PythonDiedError } from "../errors.js";
import { ownWork } from "../own-work.js";
import { pythonEnvironment } from "./environment.js";
import { encodeFrame, type Frame, type FrameHeader, FrameReader } from "./frames.js";

const MAIN = fileURLToPath(new URL("../../python/main.py", import.meta.url));

/** So much of what it printed last is kept, to be told where it dies. */
const LAST_TEXT = 4000;
const LAST_LINES = 20;

interface Waiting {
  resolve(frame: Frame): void;
  reject(error: unknown): void;
}

/** A Python process that answers one request after another. It ends with this thread: its stdin ends then. */
export class PythonProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #python: string;
  /** Settles with its first frame. */
  readonly hello: Promise<Frame>;
  readonly #waiting: Waiting[] = [];
  #printed = "";
  #death: PythonDiedError | undefined;
  #requests = 0;

  /** @param program the Python, as `findPython` gives it */
  constructor(program: string, main = MAIN) {
    this.#python = program;
    this.#child = ownWork(() => {
      const child = spawn(program, ["-u", "-B", main], { env: pythonEnvironment(), windowsHide: true });
      this.#listen(child);
      return child;
    });
    this.hello = this.#answer();
    this.hello.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it can be asked. */
  get alive(): boolean {
    return this.#death === undefined;
  }

  /**
   * Asks, and settles with the answer to this request; several wait in line.
   *
   * @throws PythonDiedError; FrameError
   */
  ask(header: FrameHeader, parts: readonly Uint8Array[]): Promise<Frame> {
    if (this.#death) return Promise.reject(this.#death);
    const frame = encodeFrame({ ...header, id: this.#requests++ }, parts);
    const answer = this.#answer();
    ownWork(() => {
      this.#child.stdin.cork();
      for (const piece of frame) this.#child.stdin.write(piece);
      this.#child.stdin.uncork();
    });
    return answer;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #answer(): Promise<Frame> {
    this.#hold(true);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #listen(child: ChildProcessWithoutNullStreams): void {
    const reader = new FrameReader((frame) => {
      this.#waiting.shift()?.resolve(frame);
      this.#hold(this.#waiting.length > 0, child);
    });
    child.stdout.on("data", (chunk: Buffer) => {
      try {
        reader.add(chunk);
      } catch (error) {
        this.#end(String((error as Error).message));
        child.kill("SIGKILL");
      }
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#printed = (this.#printed + text).slice(-LAST_TEXT);
      process.stderr.write(text);
    });
    // what can't be written any more is told by its end
    child.stdin.on("error", () => {});
    child.on("error", (error) => this.#end(error.message));
    child.on("close", (code, signal) => this.#end(signal === null ? `exit code ${code}` : `signal ${signal}`));
  }

  #end(how: string): void {
    if (this.#death) return;
    const lines = this.#printed.trimEnd().split("\n").slice(-LAST_LINES);
    const last = lines.join("\n");
    const said = last === "" ? "It printed nothing." : `It printed last:\n${last}`;
    this.#death = new PythonDiedError(
      `Python (${this.#python}) ended in the middle of its work (${how}). The next job starts another; where this one ran out of memory, give it fewer rows. ${said}`,
      { python: this.#python, how, printed: lines },
    );
    for (const { reject } of this.#waiting.splice(0)) reject(this.#death);
  }

  /** While nobody waits for it, it keeps nobody's process alive. */
  #hold(busy: boolean, child = this.#child): void {
    const handles = [child, child.stdin, child.stdout, child.stderr] as unknown as { ref(): void; unref(): void }[];
    for (const handle of handles) {
      if (busy) handle.ref();
      else handle.unref();
    }
  }
}
