import { anyRemote } from "../atom/fetched-inputs.js";
import type { Inputs } from "../atom/inputs.js";
import { isPlainObject } from "../codec/write-value.js";
import { FileValue } from "../identity/file-value.js";
import type { Op } from "./op.js";

/** The `file(...)` values among an op's params, however deep in arrays and objects. */
export function declaredInputs(op: Op): FileValue[] {
  const files: FileValue[] = [];
  if (op.kind === "apply" || op.kind === "all") for (const param of op.params) collect(param, files, 0);
  return files;
}

function collect(param: unknown, files: FileValue[], depth: number): void {
  if (typeof param !== "object" || param === null || depth > 100) return;
  if (param instanceof FileValue) files.push(param);
  else if (Array.isArray(param)) for (const item of param) collect(item, files, depth + 1);
  else if (isPlainObject(param)) for (const key of Object.keys(param)) collect(param[key], files, depth + 1);
}

/** Settles when the inputs of an atom that must be fetched are here; undefined where there are none. */
export function arriving(op: Op, inputs: Inputs): Promise<unknown> | undefined {
  if (!anyRemote() || !inputs.fetch) return undefined;
  const coming = declaredInputs(op).flatMap((file) => inputs.fetch!(file) ?? []);
  return coming.length === 0 ? undefined : Promise.all(coming);
}
