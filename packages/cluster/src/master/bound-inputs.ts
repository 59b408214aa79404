import { InputChangedError } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import { ConnectionLostError } from "../errors.js";
import { type DeclaredFile, inputKey } from "../planner/declared-files.js";
import type { JobFile } from "../protocol.js";
import type { RecordedInput } from "../recording/index.js";
import type { WorkerPool } from "./worker-pool.js";

/** Inputs that are bound to a plane. The master never opens them: a worker of the plane says what they are. */
export class BoundInputs {
  readonly #pool: WorkerPool;
  readonly #known = new Map<string, RecordedInput>();
  /** What inputs were in the session that is replayed, or under a master before this one. */
  readonly #expected = new Map<string, string>();

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
    const { sha256, size, volume } = await this.#pool.input(worker, uri);
    const key = inputKey(declared);
    const before = this.#known.get(key)?.sha256 ?? this.#expected.get(key);
    if ((declared.sha256 ?? sha256) !== sha256 || (before !== undefined && before !== sha256)) {
      throw new InputChangedError(
        `The input ${uri} of plane ${plane} changed since it was declared, or its workers have different files of that name: declare it again, or put the old bytes back.`,
        { uri, plane, worker },
      );
    }
    const file = { uri, plane, sha256, size };
    this.#known.set(key, { ...file, ...given({ volume }) });
    return file;
  }

  /** What inputs must be, where they were read before. */
  expect(inputs: readonly Pick<RecordedInput, "uri" | "plane" | "sha256">[]): void {
    for (const input of inputs) this.#expected.set(inputKey(input), input.sha256);
  }

  /**
   * Bytes of an input that may be captured, from an offset on; none where it ends.
   *
   * @throws PlaneBoundError where its plane does not give leave; ConnectionLostError where none of its workers is there
   */
  async bytes({ uri, plane = "", sha256 }: RecordedInput, offset: number): Promise<Uint8Array> {
    const worker = this.#pool.list().find(({ labels }) => labels.plane === plane);
    if (worker) return this.#pool.inputBytes(worker.id, { uri, plane, sha256, offset });
    throw new ConnectionLostError(`No worker of plane ${plane} is there, so its input ${uri} can't be captured.`, {
      uri,
    });
  }

  clear(): void {
    this.#known.clear();
    this.#expected.clear();
  }

  /** As a recording names them: by volume, digest and size. */
  list(): readonly RecordedInput[] {
    return [...this.#known.values()];
  }

  /** Those of them that are known. */
  of(files: readonly DeclaredFile[]): RecordedInput[] {
    const keys = new Set(files.map(inputKey));
    return [...keys].flatMap((key) => this.#known.get(key) ?? []);
  }
}
