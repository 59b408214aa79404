/** Writes the fields of a protobuf message: as much of the format as ONNX needs. */
export class MessageWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** A whole number from 0 up, or a negative 64-bit one. */
  int(field: number, value: number): this {
    this.#tag(field, 0);
    this.#varint(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, 2);
    this.#varint(value.length);
    return this.#raw(value);
  }

  message(field: number, value: MessageWriter): this {
    return this.bytes(field, value.finish());
  }

  /** Packed: one field for all of them. */
  ints(field: number, values: ArrayLike<number>): this {
    const packed = new MessageWriter();
    for (let i = 0; i < values.length; i++) packed.#varint(values[i]!);
    return this.message(field, packed);
  }

  /** 32-bit floats, packed. */
  floats(field: number, values: ArrayLike<number>): this {
    const packed = new Uint8Array(4 * values.length);
    const view = new DataView(packed.buffer);
    for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true);
    return this.bytes(field, packed);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  /** Seven bits a byte, the least first; negative numbers are two's complement of 64 bits. */
  #varint(value: number): void {
    this.#room(10);
    let rest = value < 0 ? BigInt.asUintN(64, BigInt(value)) : value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = Number(BigInt.asUintN(7, BigInt(rest))) | 0x80;
      rest = typeof rest === "bigint" ? rest >> 7n : Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #raw(value: Uint8Array): this {
    this.#room(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

const utf8 = new TextEncoder();
