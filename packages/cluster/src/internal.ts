// What sibling packages need and users don't.
export { bytesIn } from "./config/amount.js";
export { CONFIG_FILE, loadConfig } from "./config/load-config.js";
export { type WorkerSettings, workerSettings } from "./config/worker-settings.js";
export { fabricText } from "./fabric/options.js";
export { markOf, mayRun, ownMark, type ProcessMark } from "./folder/process-mark.js";
export { METHOD_ROLES } from "./master/method-roles.js";
export { EXPORT } from "./master/session-log.js";
export { inputName } from "./planner/declared-files.js";
export { registerHostModule } from "./program/host-modules.js";
export { PROTOCOL_VERSION, VERSION } from "./protocol.js";
export {
  chainLine,
  formatLine,
  type Json,
  type JsonObject,
  NO_PREV,
  openShared,
  openStore,
  parsePlace,
  type RecordingIndex,
  readManifest,
  readStoredZip,
  type Store,
  scanJournal,
  sourceExists,
  writeStoredZip,
} from "./recording/index.js";
export { importHosts } from "./replay/compare-jobs.js";
export { capturedOutput, type RecordedWait, recordedWait } from "./replay/recorded-jobs.js";
export { unbox } from "./replay/unbox.js";
export { DataClient } from "./store/data-client.js";
export { serveData } from "./store/data-methods.js";
export { ObjectStore } from "./store/object-store.js";
export { SentBytes } from "./store/sent-bytes.js";
export { sendValue } from "./store/value-stream.js";
export { listen } from "./transport/listen.js";
export type { Message, Transport } from "./transport/transport.js";
export type { Level } from "./watch/log.js";
export { createLogger, type LogTarget } from "./watch/pino-logger.js";
