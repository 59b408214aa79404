import { closeSync, fdatasync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { NO_PREV } from "./chain.js";
import { ChainBrokenError, JournalClosedError, JournalWriteError } from "./errors.js";
import { hashParts, type JournalBody, type JournalLine, joinParts, type LineParts, lineParts } from "./journal-line.js";
import { openError, scanJournal } from "./journal-read.js";

/** What a journal needs of the system; replaced in tests. */
export interface JournalIo {
  /** write(2): may write fewer bytes than given; returns how many. */
  write(fd: number, bytes: Uint8Array): number;
  /** fdatasync(2). */
  sync(fd: number): Promise<void>;
  /** Calls back after a time, without keeping the process alive; returns what cancels it. */
  after(ms: number, call: () => void): () => void;
}

export interface JournalOptions {
  /** `prev` of the first line; `NO_PREV` by default. */
  readonly first?: string;
  /** Longest time in ms that a written line waits before a sync begins; 10 by default. */
  readonly syncEveryMs?: number;
  /** Called with each line that is there already, verified, in order. */
  readonly onLine?: (line: JournalLine) => void;
  /** Called with each line as it was written, its end too. */
  readonly onWrite?: (line: string) => void;
  readonly io?: Partial<JournalIo>;
}

const systemIo: JournalIo = {
  write: (fd, bytes) => writeSync(fd, bytes),
  sync: (fd) => new Promise((done, fail) => fdatasync(fd, (error) => (error ? fail(error) : done()))),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Opens a journal file, or creates it: verifies every line, cuts a last line that a crash tore, and continues after it.
 * A damaged journal is refused and left as it is. One process at a time may have a journal open.
 * @throws JournalOpenError, JournalLineError or ChainBrokenError
 * @example
 * await using journal = await openJournal("session.ndjson");
 * await journal.add({ at: 0, method: "status", params: [] });
 */
export async function openJournal(path: string, options: JournalOptions = {}): Promise<Journal> {
  let fd: number;
  try {
    fd = openSync(path, "a");
  } catch (cause) {
    throw openError(path, cause);
  }
  try {
    const scan = await scanJournal(path, options.first ?? NO_PREV, options.onLine);
    if (scan.torn > 0) ftruncateSync(fd, scan.size);
    if (scan.size === 0) syncFolder(dirname(path));
    return new Journal(path, fd, scan, options);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** An open journal. Failure: after one failed write or sync it takes no more lines, so that it never has a hole. */
export class Journal implements AsyncDisposable {
  readonly path: string;
  /** Bytes of a torn last line that opening cut. */
  readonly cut: number;
  /** How often the file was synced, and how long that took, in seconds. */
  syncs = 0;
  syncSeconds = 0;
  readonly #fd: number;
  readonly #io: JournalIo;
  readonly #every: number;
  readonly #onWrite: (line: string) => void;
  #count: number;
  #head: string;
  #size: number;
  #closed = false;
  #failure: JournalWriteError | undefined;
  #dirty = false;
  #cancel: (() => void) | undefined;
  #syncing: Promise<void> | undefined;

  /** Use `openJournal`. */
  constructor(
    path: string,
    fd: number,
    at: { count: number; head: string; size: number; torn: number },
    options: JournalOptions,
  ) {
    this.path = path;
    this.cut = at.torn;
    this.#fd = fd;
    this.#io = { ...systemIo, ...options.io };
    this.#every = options.syncEveryMs ?? 10;
    this.#onWrite = options.onWrite ?? (() => {});
    this.#count = at.count;
    this.#head = at.head;
    this.#size = at.size;
  }

  /** The seq of the next line. */
  get nextSeq(): number {
    return this.#count;
  }

  /** Hash of the last line: the `prev` of the next. */
  get head(): string {
    return this.#head;
  }

  /** Bytes written, torn lines not counted. */
  get size(): number {
    return this.#size;
  }

  /** Why it takes no more lines, where a write or sync failed. */
  get failure(): JournalWriteError | undefined {
    return this.#failure;
  }

  /**
   * Numbers, chains and writes a call. Resolves once it is written (it survives the end of this process); a power cut
   * can lose what was written in the last `syncEveryMs` and the time of one sync.
   * @throws NotJsonError (nothing is written, the journal stays usable), JournalWriteError, JournalClosedError
   */
  async add(call: Omit<JournalBody, "seq">): Promise<JournalLine> {
    const body: JournalBody = { ...call, seq: this.#count };
    const prev = this.#head;
    const parts = lineParts(body, prev);
    const hash = hashParts(parts);
    this.#write(parts, hash);
    return { ...body, prev, hash };
  }

  /**
   * Writes a line made with `chainLine(journal.head, { seq: journal.nextSeq, ... })`. Resolves once it is written.
   * @throws ChainBrokenError if it does not follow the last line (nothing is written), and what `add` throws
   */
  async append(line: JournalLine): Promise<void> {
    const parts = lineParts(line, line.prev);
    if (line.seq !== this.#count || line.prev !== this.#head || hashParts(parts) !== line.hash) {
      const sentence = `Line ${line.seq} does not follow the last line of ${this.path}; chain it to journal.head.`;
      throw new ChainBrokenError(sentence, { seq: line.seq, entry: this.path });
    }
    this.#write(parts, line.hash);
  }

  /** Resolves once everything written so far is on the disk. @throws JournalWriteError */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#syncing;
    if (this.#dirty && this.#failure === undefined) await this.#sync();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Syncs and closes the file. Closing twice does nothing. @throws JournalWriteError if a write or sync failed */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.flush();
    } finally {
      closeSync(this.#fd);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #write(parts: LineParts, hash: string): void {
    if (this.#closed || this.#failure !== undefined) {
      const why = this.#failure === undefined ? "it was closed" : "a write failed before";
      const sentence = `The journal ${this.path} takes no more calls: ${why}. Free the disk and start a new session.`;
      throw new JournalClosedError(sentence, { path: this.path }, { cause: this.#failure });
    }
    const text = `${joinParts(parts, hash)}\n`;
    const bytes = Buffer.from(text);
    try {
      for (let done = 0; done < bytes.length; ) {
        const wrote = this.#io.write(this.#fd, bytes.subarray(done));
        if (wrote <= 0) throw new Error("nothing was written");
        done += wrote;
      }
    } catch (cause) {
      this.#fail("write", cause);
      throw this.#failure;
    }
    this.#size += bytes.length;
    this.#count++;
    this.#head = hash;
    this.#dirty = true;
    this.#schedule();
    this.#onWrite(text);
  }

  #schedule(): void {
    if (this.#cancel !== undefined || this.#syncing !== undefined || this.#closed) return;
    this.#cancel = this.#io.after(this.#every, () => {
      this.#cancel = undefined;
      if (this.#syncing === undefined) void this.#sync();
    });
  }

  #sync(): Promise<void> {
    this.#dirty = false;
    const start = performance.now();
    this.#syncing = this.#io
      .sync(this.#fd)
      .catch((cause: unknown) => this.#fail("sync", cause))
      .then(() => {
        this.syncs++;
        this.syncSeconds += (performance.now() - start) / 1000;
        this.#syncing = undefined;
        if (this.#dirty && this.#failure === undefined) this.#schedule();
      });
    return this.#syncing;
  }

  #fail(what: "write" | "sync", cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause);
    const sentence = `The journal ${this.path} could not be ${what === "write" ? "written" : "synced"} (${why}); the session stops recording. Free the disk and start a new session.`;
    this.#failure = new JournalWriteError(sentence, { path: this.path, seq: this.#count }, { cause });
    try {
      if (what === "write") ftruncateSync(this.#fd, this.#size);
    } catch {
      // A torn last line stays behind; opening the journal cuts it.
    }
  }
}

function syncFolder(path: string): void {
  try {
    const fd = openSync(path, "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Some systems do not sync folders; the file itself is synced all the same.
  }
}
