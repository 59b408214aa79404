import { FileValue, InputMissingError } from "@graphvm/engine";
import { type Inputs, LocalInputs } from "@graphvm/engine/internal";
import { inputKey } from "../planner/declared-files.js";
import type { JobFile } from "../protocol.js";

/** The inputs of the jobs a worker was given: each URI with the place its bytes were put, and their digest. */
export class PlacedInputs implements Inputs {
  readonly #local = new LocalInputs();
  readonly #files = new Map<string, JobFile>();

  place(file: JobFile): void {
    this.#files.set(inputKey(file), file);
    const { path, sha256, size, mtimeMs, ino } = file;
    if (path !== undefined && mtimeMs !== undefined && ino !== undefined)
      this.#local.trust(path, { sha256, size, mtimeMs, ino });
  }

  resolve(file: FileValue): string {
    const placed = this.#files.get(inputKey({ uri: file.uri, plane: file.on?.plane }));
    if (placed?.path === undefined) {
      throw new InputMissingError(
        `The input ${file.uri} was not declared: pass file("${file.uri}") to a rule or to apply(...).`,
        { uri: file.uri },
      );
    }
    return this.#local.resolve(new FileValue(placed.path, { sha256: file.sha256 ?? placed.sha256 }));
  }

  check(): void {
    this.#local.check();
  }
}
