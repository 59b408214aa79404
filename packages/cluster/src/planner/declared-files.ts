import type { Op } from "@graphvm/engine";
import { declaredInputs, given } from "@graphvm/engine/internal";

/** An input as a rule declared it. */
export interface DeclaredFile {
  readonly uri: string;
  readonly sha256?: string;
  /** The plane whose workers alone read it. */
  readonly plane?: string;
  /** Labels are ignored: it is found like an input of no plane. */
  readonly free?: boolean;
}

/** Tells inputs apart: files of two planes are two inputs, whatever they are called. */
export const inputKey = ({ uri, plane }: { readonly uri: string; readonly plane?: string | undefined }): string =>
  plane === undefined ? uri : `${plane}\0${uri}`;

/** An input as people name it: `eu:data/x.csv` in a plane. */
export const inputName = ({ uri, plane }: { readonly uri: string; readonly plane?: string | undefined }): string =>
  plane === undefined ? uri : `${plane}:${uri}`;

/** The `file(...)` values among an op's params, however deep in arrays and objects. */
export function declaredFiles(op: Op): DeclaredFile[] {
  return declaredInputs(op).map(({ uri, sha256, on }) => ({
    uri,
    ...given({ sha256 }),
    ...(on === undefined ? {} : { plane: on.plane }),
  }));
}
