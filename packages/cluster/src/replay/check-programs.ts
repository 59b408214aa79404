import { isSha256, JOURNAL_ENTRY, ProgramMismatchError, type Recording } from "../recording/index.js";

/** Calls that load code. */
export const LOADS: ReadonlySet<string> = new Set(["load", "remoteEval", "addRules"]);

/**
 * Checks that every call which loads code loads a blob of the recording, under the hash of that blob: what is shown to whoever
 * must agree is what runs.
 *
 * @throws ProgramMismatchError
 */
export function checkPrograms({ header, lines, blobs }: Recording): void {
  for (const { seq, method, params } of lines) {
    if (!LOADS.has(method)) continue;
    const { name, hash, code } = programOf(params);
    const blob = typeof code === "object" && code !== null ? (code as { $blob?: unknown }).$blob : undefined;
    if (typeof name === "string" && name !== "" && isSha256(blob) && blobs.has(blob) && hash === blob) continue;
    throw mismatch(`line ${seq} (${method}) loads code that is not the blob its hash names`, { seq });
  }
  for (const { name, hash, blob } of header.programs) {
    if (hash !== blob)
      throw mismatch(`the header names another hash for the program ${name} than that of its code`, {});
  }
}

function programOf(params: unknown): { name?: unknown; hash?: unknown; code?: unknown } {
  const program = (params as { program?: unknown } | null)?.program;
  return typeof program === "object" && program !== null ? program : {};
}

function mismatch(why: string, fields: { readonly seq?: number }): ProgramMismatchError {
  const sentence = `The recording is not to be run: ${why}. Take an unchanged copy.`;
  return new ProgramMismatchError(sentence, { entry: JOURNAL_ENTRY, ...fields });
}
