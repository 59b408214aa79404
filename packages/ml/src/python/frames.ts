import { FrameError } from "../errors.js";

/** What a frame says; `parts` are the lengths of what follows it. */
export interface FrameHeader {
  readonly parts?: readonly number[];
  readonly [key: string]: unknown;
}

/** A header in JSON, and bytes. */
export interface Frame {
  readonly header: FrameHeader;
  readonly parts: readonly Uint8Array[];
}

/** Bytes of a header, and of all parts of a frame together; the same in `python/graphvm_worker/frames.py`. */
const HEADER_LIMIT = 16 * 1024 * 1024;
export const PARTS_LIMIT = 0x7fff_ffff;

/**
 * The bytes of a frame, in pieces: the header's length (32 bits, little end first), the header, the parts as they are.
 *
 * @throws FrameError for what is larger than a frame may be
 */
export function encodeFrame(header: FrameHeader, parts: readonly Uint8Array[]): Uint8Array[] {
  const sizes = parts.map(({ length }) => length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const text = Buffer.from(JSON.stringify({ ...header, parts: sizes }));
  if (total > PARTS_LIMIT || text.length > HEADER_LIMIT) {
    throw new FrameError(
      `${Math.max(total, text.length)} bytes do not go to Python at once (${PARTS_LIMIT} is the most): train on a sample, or on blocks.`,
      { bytes: total, limit: PARTS_LIMIT },
    );
  }
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return [length, text, ...parts];
}

/** Puts frames together from what comes, piece by piece. Parts are filled where they will stay. */
export class FrameReader {
  readonly #tell: (frame: Frame) => void;
  #filling = new Uint8Array(4);
  #filled = 0;
  #stage: "length" | "header" | "parts" = "length";
  #header: FrameHeader = {};
  #parts: Uint8Array[] = [];
  #waiting: number[] = [];

  constructor(tell: (frame: Frame) => void) {
    this.#tell = tell;
  }

  /** @throws FrameError for what is no frame: nothing after it can be read */
  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length || this.#filled === this.#filling.length; ) {
      const some = chunk.subarray(at, at + this.#filling.length - this.#filled);
      this.#filling.set(some, this.#filled);
      this.#filled += some.length;
      at += some.length;
      if (this.#filled < this.#filling.length) return;
      this.#next();
    }
  }

  /** What was being filled is full. */
  #next(): void {
    const full = this.#filling;
    switch (this.#stage) {
      case "length":
        this.#fill("header", bounded(new DataView(full.buffer).getUint32(0, true), HEADER_LIMIT));
        return;
      case "header":
        this.#header = parseHeader(full);
        this.#waiting = [...(this.#header.parts ?? [])];
        bounded(
          this.#waiting.reduce((sum, size) => sum + size, 0),
          PARTS_LIMIT,
        );
        break;
      case "parts":
        this.#parts.push(full);
    }
    const size = this.#waiting.shift();
    if (size !== undefined) {
      this.#fill("parts", size);
      return;
    }
    const frame = { header: this.#header, parts: this.#parts };
    this.#parts = [];
    this.#fill("length", 4);
    this.#tell(frame);
  }

  #fill(stage: "length" | "header" | "parts", size: number): void {
    this.#stage = stage;
    this.#filling = new Uint8Array(size);
    this.#filled = 0;
  }
}

function parseHeader(bytes: Uint8Array): FrameHeader {
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw broken("a header that is no JSON");
  }
  const { parts = [] } = (header ?? {}) as { parts?: unknown };
  const sizes = Array.isArray(parts) && parts.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (typeof header !== "object" || header === null || !sizes) throw broken("a header of another form");
  return header as FrameHeader;
}

function bounded(size: number, limit: number): number {
  if (size > limit) throw broken(`${size} bytes where ${limit} are the most`);
  return size;
}

function broken(what: string): FrameError {
  return new FrameError(`What came from Python is no frame: ${what}. Something wrote to its file descriptors.`, {
    what,
  });
}
