import { assembleMaster } from "./assemble-master.js";
import type { MasterHandle, MasterOptions } from "./master-options.js";
import { openFolder } from "./resume.js";

/**
 * Starts a master and its worker threads.
 *
 * @throws PortInUseError, TokenNeededError, CertificateError, BadOptionError, BadLabelError, FolderLockedError,
 * SessionFolderError, and what stores throw that `record` names
 * @example
 * await using master = await startMaster({ port: 0, workers: 3 });
 * await using session = await connect(master.url);
 */
export async function startMaster(options: MasterOptions = {}): Promise<MasterHandle> {
  const { fabric, ...own } = options;
  if (!fabric) return assembleMaster(own, { folder: openFolder(own, own.now ?? Date.now) });
  const { startLeading } = await import("./lead.js");
  return startLeading({ ...own, fabric });
}
