import type { FileValue } from "../identity/file-value.js";

/** Where a session's declared inputs lie, and whether they still are what was declared. */
export interface Inputs {
  /**
   * The path of a declared input on this machine.
   *
   * @throws InputMissingError, InputChangedError
   */
  resolve(file: FileValue): string;
  /** Starts to bring an input here that must be fetched first; undefined where it need not be. */
  fetch?(file: FileValue): Promise<void> | undefined;
  /**
   * Called after an atom ran: everything resolved since the last call must be unchanged.
   *
   * @throws InputChangedError
   */
  check(): void;
}
