import { createInterface } from "node:readline";
import { PassThrough, type Readable } from "node:stream";

/**
 * Hands lines on one by one, each when it is asked for. Node's REPL would begin a line that comes through a pipe while it
 * still awaits the one before.
 */
export class LineFeed {
  readonly stream = new PassThrough();
  readonly #lines: AsyncIterator<string>;

  constructor(input: Readable) {
    this.#lines = createInterface({ input })[Symbol.asyncIterator]();
  }

  async next(): Promise<void> {
    const { value, done } = await this.#lines.next();
    if (done) this.stream.end();
    else this.stream.write(`${value}\n`);
  }
}
