import type { JournalCopy } from "../folder/journal-copy.js";
import type { SessionFolder } from "../folder/session-folder.js";
import { Archive, type Archived, type ArchiveOptions } from "./archive.js";
import type { Master } from "./master.js";
import { SessionLog } from "./session-log.js";

/** The session's log, and where its recording will go. */
export async function openLog(
  { record }: { readonly record?: string | ArchiveOptions },
  folder: SessionFolder,
  now: () => number,
  secrets: readonly string[],
  copy?: JournalCopy,
): Promise<{ archive: Archive | undefined; log: SessionLog }> {
  const archive = record === undefined ? undefined : await Archive.open(record, folder.record.id);
  const log = await SessionLog.open(folder, now, secrets, copy);
  if (archive) log.archive(archive.settings);
  return { archive, log };
}

/** Archives the recording of all that was called, and tells who looks on. @throws ArchiveFailedError */
export async function archiveSession(master: Master, archive: Archive): Promise<Archived | undefined> {
  const { watch } = master.session;
  try {
    const archived = await master.archive(archive);
    if (archived) watch.tell({ kind: "archived", ...archived });
    return archived;
  } catch (error) {
    watch.tell({ kind: "archiveFailed", error: error as Error });
    throw error;
  }
}
