import { FileValue, type Op } from "@graphvm/engine";
import { isPlainObject } from "@graphvm/engine/internal";

/** An input as a rule declared it. */
export interface DeclaredFile {
  readonly uri: string;
  readonly sha256?: string;
  /** The plane whose workers alone read it. */
  readonly plane?: string;
}

/** Tells inputs apart: files of two planes are two inputs, whatever they are called. */
export const inputKey = ({ uri, plane }: { readonly uri: string; readonly plane?: string | undefined }): string =>
  plane === undefined ? uri : `${plane}\0${uri}`;

/** The `file(...)` values among an op's params, however deep in arrays and objects. */
export function declaredFiles(op: Op): DeclaredFile[] {
  const files: DeclaredFile[] = [];
  if (op.kind === "apply" || op.kind === "all") for (const param of op.params) collect(param, files, 0);
  return files;
}

function collect(param: unknown, files: DeclaredFile[], depth: number): void {
  if (typeof param !== "object" || param === null || depth > 100) return;
  if (param instanceof FileValue)
    files.push({
      uri: param.uri,
      ...(param.sha256 === undefined ? {} : { sha256: param.sha256 }),
      ...(param.on === undefined ? {} : { plane: param.on.plane }),
    });
  else if (Array.isArray(param)) for (const item of param) collect(item, files, depth + 1);
  else if (isPlainObject(param)) for (const key of Object.keys(param)) collect(param[key], files, depth + 1);
}
