/** Where a codec writes what a value means, for its digest. */
export interface DigestSink {
  bytes(bytes: Uint8Array): void;
  string(text: string): void;
  number(value: number): void;
}

/**
 * How values of one class travel and are compared. Registered once a process by the package that owns the class.
 *
 * `digest` writes what the value means, never how it happens to lie in memory: equal values give equal digests.
 */
export interface ValueCodec<T = unknown> {
  /** Part of the encoding: never changes. */
  readonly tag: string;
  is(value: unknown): value is T;
  encode(value: T): Uint8Array;
  /** The bytes are aligned to 8 and may lie in shared memory; the result may keep views of them. */
  decode(bytes: Uint8Array): T;
  digest(value: T, sink: DigestSink): void;
}

const codecs = new Map<string, ValueCodec>();

/** Makes a class of values known. Registering the same codec again does nothing. */
export function registerCodec<T>(codec: ValueCodec<T>): void {
  const known = codecs.get(codec.tag);
  if (known && known !== (codec as ValueCodec)) throw new Error(`value codec ${codec.tag} is registered twice`);
  codecs.set(codec.tag, codec as ValueCodec);
}

/** The codec that takes `value`, if any. */
export function codecFor(value: object): ValueCodec | undefined {
  for (const codec of codecs.values()) if (codec.is(value)) return codec;
  return undefined;
}

/** The codec of that tag, if its package is loaded in this process. */
export function codecByTag(tag: string): ValueCodec | undefined {
  return codecs.get(tag);
}
