import { writeTarget } from "../recording/index.js";

/** A recording as the server made it. */
export class RecordingFile {
  readonly bytes: Uint8Array;
  /** How many calls it holds. */
  readonly calls: number;

  constructor(bytes: Uint8Array, calls: number) {
    this.bytes = bytes;
    this.calls = calls;
  }

  /**
   * Writes the recording to a path or `s3://bucket/key`, whole or not at all.
   *
   * @throws KeyExistsError where something else is there already, unless forced.
   */
  async save(target: string, options: { readonly force?: boolean } = {}): Promise<void> {
    await writeTarget(target, this.bytes, options);
  }
}
