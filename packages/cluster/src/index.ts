// teaches this process to fetch s3: inputs
import "./recording/s3-input.js";

export { type ConnectOptions, connect } from "./client/connect.js";
export type { Jobs } from "./client/jobs.js";
export { RecordingFile } from "./client/recording-file.js";
export {
  type ClusterStats,
  type CutRules,
  type JobLimits,
  type Module,
  type RecordingOptions,
  Session,
  type WaitOptions,
} from "./client/session.js";
export {
  type Config,
  defineConfig,
  type ExportsConfig,
  type PlaneConfig,
  type TierConfig,
} from "./config/config.js";
export * from "./config/errors.js";
export * from "./errors.js";
export type { FabricOptions } from "./fabric/options.js";
export type { Archived, ArchiveOptions } from "./master/archive.js";
export type { JobStory } from "./master/explain-job.js";
export type { JobCounts } from "./master/job-runner.js";
export { type LeadOptions, type Standby, standBy } from "./master/lead.js";
export { DEFAULT_PORT, type MasterHandle, type MasterOptions } from "./master/master-options.js";
export type { Progress } from "./master/progress.js";
export type { JobInfo, JobOutcome, SessionStatus } from "./master/session.js";
export { startMaster } from "./master/start-master.js";
export type { GraphPicture, PictureNode } from "./planner/picture.js";
export * from "./recording/errors.js";
export {
  type JournalLine,
  openRecording,
  type Recording,
  type RecordingHeader,
  type RecordingSignature,
  readSource,
  requireTrusted,
  signRecording,
  trustedFingerprints,
  type Verified,
  verifyRecording,
  writeTarget,
} from "./recording/index.js";
export { type DifferentCell, differenceOf, differenceText, type ValueDifference } from "./replay/difference.js";
export {
  type ReplayOptions,
  type ReplayTarget,
  readRecording,
  recordedCode,
  replayRecording,
} from "./replay/replay.js";
export type { Cause, Divergence, ReplayReport, Stop } from "./replay/report.js";
export type { HeldValue, Rerun, StoppedReplay } from "./replay/stop.js";
export type { Clock } from "./transport/clock.js";
export type { Heartbeat } from "./transport/heartbeat.js";
export type { Limits } from "./transport/limits.js";
export type { Role, RoleTokens } from "./transport/roles.js";
export type { ClientTls, ServerTls } from "./transport/tls.js";
export type { Logger } from "./watch/log.js";
export { connectWorker, type RemoteWorker, type WorkerOptions } from "./worker/connect-worker.js";
