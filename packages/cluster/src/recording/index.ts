// What the rest of the cluster uses of recordings. Knows nothing of sessions: JSON lines and bytes in, bytes out.
export { blobRef, blobRefs, expectedBlobs } from "./blob-refs.js";
export { type BlobLimits, type Blobs, GZIP_ABOVE } from "./blobs.js";
export { canonicalJson, type Json, type JsonObject } from "./canonical-json.js";
export { type ChainEnd, chainLine, followChain, NO_PREV, rechain, verifyChain } from "./chain.js";
export * from "./errors.js";
export { FolderStore } from "./folder-store.js";
export {
  type BlobSource,
  JOURNAL_ENTRY,
  openRecording,
  packRecording,
  type Recording,
  type RecordingIndex,
  type RecordingParts,
  recordingPieces,
  signRecording,
} from "./gvr.js";
export {
  checkHeader,
  FORMAT_MAJOR,
  FORMAT_MINOR,
  HEADER_ENTRY,
  headerHash,
  headerText,
  type RecordedInput,
  type RecordedProgram,
  type RecordingHeader,
} from "./header.js";
export { Journal, type JournalIo, type JournalOptions, openJournal } from "./journal-file.js";
export { formatLine, type JournalBody, type JournalLine, parseLine } from "./journal-line.js";
export { type JournalScan, scanJournal } from "./journal-read.js";
export { checkInput, fileParts, inputBlobs, PART, placeInput } from "./parts.js";
export { type Redacted, type RedactOptions, redactSecrets, secretValues } from "./redact.js";
export { isSecretKey, REDACTED, redactProse, redactText } from "./redact-text.js";
export { S3Store, type S3StoreOptions } from "./s3-store.js";
export type { S3Lock } from "./s3-upload.js";
export { isSha256, sha256Hex, sha256Parts } from "./sha256.js";
export { openShared, putShared, readManifest, SHARE_ABOVE, type SharedIndex, wholeRecording } from "./shared.js";
export { type RecordingSignature, requireTrusted, SIGNATURE_ENTRY, trustedFingerprints } from "./signature.js";
export {
  copyTarget,
  downloadS3,
  openStore,
  type Place,
  parsePlace,
  readSource,
  type SourceOptions,
  sourceExists,
  type TargetOptions,
  writeTarget,
} from "./source.js";
export { checkStoreKey, type PutOptions, type Store } from "./store.js";
export { type Verified, verifyOpened, verifyRecording } from "./verify.js";
export { ARCHIVE, readStoredZip } from "./zip-read.js";
export { writeStoredZip } from "./zip-write.js";
