import { encodeText } from "./text.js";

/**
 * Bytes written one after another. Without a `drain` they gather in one growing buffer; with one, full buffers are
 * handed on and reused, so that a digest of any size runs in constant memory.
 */
export class ByteWriter {
  buffer: Uint8Array;
  length = 0;
  /** Bytes already handed to `drain`. */
  drained = 0;
  readonly #drain: ((bytes: Uint8Array) => void) | undefined;
  #view: DataView;

  /** `room`: how many bytes to gather at first, or the memory to gather them in. */
  constructor(drain?: (bytes: Uint8Array) => void, room: number | Uint8Array = 1024) {
    this.buffer = typeof room === "number" ? new Uint8Array(room) : room;
    this.#view = new DataView(this.buffer.buffer);
    this.#drain = drain;
  }

  /** Starts again, keeping the buffer. */
  reset(): void {
    this.length = 0;
    this.drained = 0;
  }

  u8(value: number): void {
    this.#room(1);
    this.buffer[this.length++] = value;
  }

  u32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** IEEE 754, little-endian; every NaN is written as the one quiet NaN, -0 stays -0. */
  f64(value: number): void {
    this.#room(8);
    if (Number.isNaN(value)) {
      this.#view.setUint32(this.length, 0, true);
      this.#view.setUint32(this.length + 4, 0x7ff80000, true);
    } else this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** A length or count: 7 bits a byte, low bits first. */
  count(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.u8((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.u8(rest);
  }

  /** UTF-8 after its length in bytes; lone surrogates are kept (`codec/text.ts`), so different strings differ. */
  string(value: string): void {
    if (value.length <= 40 && this.#ascii(value)) return;
    const bytes = encodeText(value);
    this.count(bytes.length);
    this.raw(bytes);
  }

  /** Bytes as they are, without their length. */
  raw(bytes: Uint8Array): void {
    if (this.#drain && bytes.length >= 65536) {
      this.flush();
      this.#drain(bytes);
      this.drained += bytes.length;
      return;
    }
    this.#room(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Zero bytes up to the next multiple of 8, counted from the start of everything written. */
  align8(): void {
    while ((this.drained + this.length) % 8 !== 0) this.u8(0);
  }

  flush(): void {
    if (!this.#drain || this.length === 0) return;
    this.#drain(this.buffer.subarray(0, this.length));
    this.drained += this.length;
    this.length = 0;
  }

  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /** Short ASCII strings, the common case, without a call into the encoder. */
  #ascii(value: string): boolean {
    const length = value.length;
    this.#room(length + 1);
    const start = this.length + 1;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) return false;
      this.buffer[start + i] = code;
    }
    this.buffer[this.length] = length;
    this.length = start + length;
    return true;
  }

  #room(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    if (this.#drain && this.length > 0) this.flush();
    if (this.length + more <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + more));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}
