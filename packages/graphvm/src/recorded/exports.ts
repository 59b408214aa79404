import type { Recording } from "@graphvm/cluster";
import { EXPORT } from "@graphvm/cluster/internal";
import { bytesText, plain } from "../cli/text.js";

/** A value that a rule let out of its plane, as a recording has it. */
export interface RecordedExport {
  readonly id: string;
  readonly rule: string;
  readonly plane: string;
  /** Null where the value is never copied. */
  readonly bytes: number | null;
  readonly digest: string;
}

/** What left planes while it was recorded, in order. */
export function recordedExports({ lines }: Recording): RecordedExport[] {
  return lines.flatMap(({ method, params, result }) => {
    if (method !== EXPORT || result === undefined) return [];
    const { id, rule, plane } = params as { id: string; rule: string; plane: string };
    const { bytes, digest } = result as { bytes: number | null; digest: string };
    return [{ id, rule, plane, bytes, digest }];
  });
}

/** A row for each. */
export function exportRows(recording: Recording): string[][] {
  return recordedExports(recording).map(({ id, rule, plane, bytes, digest }) => [
    id,
    plain(rule),
    `left ${plain(plane)}`,
    bytes === null ? "not copied" : bytesText(bytes),
    digest,
  ]);
}
