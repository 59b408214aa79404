import type { Session } from "@graphvm/cluster";
import { Ref } from "@graphvm/rules";
import { ExportMissingError, NotRunnableError } from "../errors.js";

/** What `FILE.ts#export` names. */
export interface Target {
  readonly file: string;
  readonly name: string | undefined;
}

/** Names that are looked for where none is given. */
const DEFAULT_NAMES = ["main", "default"];

/** What an export may be: refs to be calculated, or a function that is given the session. */
export type Runnable =
  | { readonly kind: "refs"; readonly refs: readonly Ref[]; readonly single: boolean }
  | { readonly kind: "function"; readonly call: (session: Session) => unknown };

export function parseTarget(text: string): Target {
  const at = text.lastIndexOf("#");
  return at < 0 ? { file: text, name: undefined } : { file: text.slice(0, at), name: text.slice(at + 1) || undefined };
}

/**
 * Loads the module into the session and takes the export.
 *
 * @throws what `session.load` throws, ExportMissingError, NotRunnableError
 */
export async function loadTarget(
  session: Session,
  target: Target,
): Promise<{ readonly name: string; readonly runnable: Runnable }> {
  const module = await session.load(target.file);
  const name = (target.name === undefined ? DEFAULT_NAMES : [target.name]).find((each) => Object.hasOwn(module, each));
  if (name === undefined) {
    const wanted = target.name ?? DEFAULT_NAMES.join(" or ");
    const exports = Object.keys(module);
    const has = exports.length === 0 ? "it exports nothing" : `it exports ${exports.join(", ")}`;
    const { file } = target;
    throw new ExportMissingError(`${file} has no export ${wanted}: ${has}.`, { file, export: wanted, exports });
  }
  const runnable = asRunnable(module[name]);
  if (runnable) return { name, runnable };
  throw new NotRunnableError(
    `The export ${name} of ${target.file} is neither a ref, nor a list of refs, nor an async function of the session.`,
    { file: target.file, export: name },
  );
}

/** Refs and functions can be run; other values can't. */
export function asRunnable(value: unknown): Runnable | undefined {
  if (value instanceof Ref) return { kind: "refs", refs: [value], single: true };
  if (Array.isArray(value) && value.length > 0 && value.every((each) => each instanceof Ref))
    return { kind: "refs", refs: value as Ref[], single: false };
  if (typeof value === "function") return { kind: "function", call: value as (session: Session) => unknown };
  return undefined;
}
