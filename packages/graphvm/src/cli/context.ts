import type { Readable } from "node:stream";
import type { BarOptions, BarStream } from "../progress.js";

/** What a command has of the world. Tests hand in their own. */
export interface Context {
  /** Gives the command's one answer: the text for people, or with `--json` the object. */
  answer(json: object, text: string): void;
  /** Gives one of several answers that follow each other, each a line of JSON or a text. */
  each(json: object, text: string): void;
  /** A line for people, on stderr. */
  note(line: string): void;
  /** With `--json`: what user code prints from now on goes to stderr. */
  guardStdout(): void;
  /** Where a page is drawn that changes. */
  readonly stdout: BarStream;
  /** Where progress bars are drawn. */
  readonly stderr: BarStream;
  readonly stdin: Readable;
  readonly json: boolean;
  /** Whether there is somebody to ask. */
  readonly interactive: boolean;
  readonly env: { readonly [name: string]: string | undefined };
  /**
   * Closes a resource if the command is interrupted while it runs; on SIGTERM it is first given time to `drain`. A `slow` one
   * is given all the time it takes to close.
   */
  own<T extends AsyncDisposable>(resource: T, drain?: (resource: T) => Promise<void>, slow?: boolean): T;
}

/** What must be closed when a signal comes. */
export class Owned {
  readonly #resources: AsyncDisposable[] = [];
  readonly #drains: (() => Promise<void>)[] = [];
  /** Whether something is not to be cut short. */
  slow = false;

  add<T extends AsyncDisposable>(resource: T, drain?: (resource: T) => Promise<void>, slow = false): T {
    this.#resources.push(resource);
    this.slow ||= slow;
    if (drain) this.#drains.push(() => drain(resource));
    return resource;
  }

  /** Lets everything that can come to a good end do so. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#drains.splice(0).map((drain) => drain()));
  }

  /** Closes everything, the last first; what can't be closed is left. */
  async close(): Promise<void> {
    for (const resource of this.#resources.splice(0).reverse()) {
      try {
        await resource[Symbol.asyncDispose]();
      } catch {
        // the others are to be closed too
      }
    }
  }
}

/**
 * The context of a real process. With `--json` the first answer is the only one, and what user code prints goes to
 * stderr from the moment a command guards stdout.
 */
export function processContext(json: boolean, owned: Owned): Context {
  const { stdout, stderr, stdin, env } = process;
  const write = stdout.write.bind(stdout);
  let answered = false;
  return {
    answer: (object, text) => {
      if (!json) write(text === "" ? "" : `${text}\n`);
      else if (!answered) write(`${JSON.stringify(object)}\n`);
      answered = true;
    },
    each: (object, text) => void write(json ? `${JSON.stringify(object)}\n` : `${text}\n`),
    note: (line) => void stderr.write(`${line}\n`),
    guardStdout: () => {
      if (json) stdout.write = stderr.write.bind(stderr);
    },
    stdout,
    stderr,
    stdin,
    json,
    interactive: stdin.isTTY === true && stderr.isTTY === true && !json,
    env,
    own: (resource, drain, slow) => owned.add(resource, drain, slow),
  };
}

/** How progress is shown in a command. */
export function barOptions({ json, env, stdout, stderr }: Context): BarOptions {
  return { silent: json, env, beside: [stdout, stderr] };
}
