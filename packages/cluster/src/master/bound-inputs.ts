import { InputChangedError } from "@graphvm/engine";
import { ConnectionLostError } from "../errors.js";
import { type DeclaredFile, inputKey } from "../planner/declared-files.js";
import type { JobFile } from "../protocol.js";
import type { WorkerPool } from "./worker-pool.js";

/** Inputs that are bound to a plane. The master never opens them: a worker of the plane says what they are. */
export class BoundInputs {
  readonly #pool: WorkerPool;
  readonly #known = new Map<string, JobFile>();

  constructor(pool: WorkerPool) {
    this.#pool = pool;
  }

  /** What an input is, or undefined where no worker of its plane is there to say. */
  async find(file: DeclaredFile): Promise<JobFile | undefined> {
    const worker = this.#pool.list().find(({ labels }) => labels.plane === file.plane);
    if (!worker) return undefined;
    try {
      return await this.ask(file, worker.id);
    } catch (error) {
      if (error instanceof ConnectionLostError) return undefined;
      throw error;
    }
  }

  /**
   * What an input is, as a worker of its plane finds it.
   *
   * @throws InputMissingError, InputChangedError where it is not what was declared, or not what it was before.
   */
  async ask(declared: DeclaredFile, worker: string): Promise<JobFile> {
    const { uri, plane = "" } = declared;
    const { sha256, size } = await this.#pool.input(worker, uri);
    const before = this.#known.get(inputKey(declared));
    if ((declared.sha256 ?? sha256) !== sha256 || (before && before.sha256 !== sha256)) {
      throw new InputChangedError(
        `The input ${uri} of plane ${plane} changed since it was declared, or its workers have different files of that name: declare it again, or put the old bytes back.`,
        { uri, plane, worker },
      );
    }
    const file = { uri, plane, sha256, size };
    this.#known.set(inputKey(declared), file);
    return file;
  }

  clear(): void {
    this.#known.clear();
  }

  list(): readonly JobFile[] {
    return [...this.#known.values()];
  }
}
