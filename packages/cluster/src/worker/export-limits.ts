import type { ExportsConfig } from "../config/config.js";
import { ExportTooLargeError } from "../config/errors.js";
import type { WorkerJob } from "../protocol.js";

/** The largest value that leaves a plane whose config says nothing, in bytes. */
export const DEFAULT_EXPORT_BYTES = 1024 * 1024;

/** How large values may be that leave this worker's plane: its plane's limit, narrowed by the rule's. */
export class ExportLimits {
  readonly #plane: string;
  readonly #maxBytes: number;
  /** The jobs of this graph whose values leave. */
  readonly #jobs = new Map<string, { readonly rule: string; readonly limit: number }>();

  constructor(plane = "", { maxBytes = DEFAULT_EXPORT_BYTES }: ExportsConfig = {}) {
    this.#plane = plane;
    this.#maxBytes = maxBytes;
  }

  /** A job that this worker was given. */
  add({ id, exports }: WorkerJob): void {
    if (!exports) return;
    const { rule, maxBytes = this.#maxBytes } = exports;
    this.#jobs.set(id, { rule, limit: Math.min(maxBytes, this.#maxBytes) });
  }

  /**
   * Says whether a value may leave this process.
   *
   * @param size In bytes of its encoding.
   * @throws ExportTooLargeError
   */
  check(id: string, size: number): void {
    const job = this.#jobs.get(id);
    if (!job || size <= job.limit) return;
    const { rule, limit } = job;
    throw new ExportTooLargeError(
      `The rule ${rule} would let ${size} bytes out of plane ${this.#plane}, and ${limit} are allowed: let it give less, or raise the rule's or the plane's exports.maxBytes.`,
      { node: id, rule, plane: this.#plane, size, limit },
    );
  }

  clear(): void {
    this.#jobs.clear();
  }
}
