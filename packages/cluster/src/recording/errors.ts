import { GraphvmError, registerErrors } from "@graphvm/engine";

/**
 * The base of what goes wrong with journals, recordings and stores. `fields` names the place: `entry` (of a recording,
 * or `"archive"`), `seq` (of a journal line), `path`, `uri`, `bucket` or `key`.
 */
export class RecordingError extends GraphvmError {
  static override readonly code: string = "GVM4000";
  static override readonly exitCode: number = 2;
}

/** A value has no canonical JSON text: undefined, NaN, a function, a class instance, a cycle. Fields: `path`. */
export class NotJsonError extends RecordingError {
  static override readonly code = "GVM4001";
}

/** A journal line is not what its hash, its number or its predecessor says. Fields: `seq`, `entry`. */
export class ChainBrokenError extends RecordingError {
  static override readonly code = "GVM4010";
}

/** A line of a journal is not a journal line in canonical form. Fields: `seq`, `entry`. */
export class JournalLineError extends RecordingError {
  static override readonly code = "GVM4011";
}

/** A journal file cannot be opened or read. Fields: `path`. */
export class JournalOpenError extends RecordingError {
  static override readonly code = "GVM4012";
}

/** The system refused to write or sync a journal; the call is not recorded. Fields: `path`, `seq`. */
export class JournalWriteError extends RecordingError {
  static override readonly code = "GVM4013";
  static override readonly exitCode = 1;
}

/** A journal takes no more lines: it was closed, or a write failed before. Fields: `path`. */
export class JournalClosedError extends RecordingError {
  static override readonly code = "GVM4014";
  static override readonly exitCode = 1;
}

/** More than a recording can hold. Fields: `limit`, `found`, `entry`. */
export class ArchiveLimitError extends RecordingError {
  static override readonly code = "GVM4020";
}

/** A name that no entry may have: absolute, escaping, too long, of other characters, or twice. Fields: `entry`. */
export class EntryNameError extends RecordingError {
  static override readonly code = "GVM4021";
}

/** The bytes are not a recording, or not the ones that were written. Fields: `entry`, `offset`. */
export class ArchiveDamagedError extends RecordingError {
  static override readonly code = "GVM4022";
}

/** An entry that every recording has is not there. Fields: `entry`. */
export class EntryMissingError extends RecordingError {
  static override readonly code = "GVM4023";
}

/** An entry that no recording of this format has. Fields: `entry`. */
export class EntryUnexpectedError extends RecordingError {
  static override readonly code = "GVM4024";
}

/** A recording of another major format version. Fields: `entry`, `major`, `supported`. */
export class FormatVersionError extends RecordingError {
  static override readonly code = "GVM4030";
}

/** The header is not a header. Fields: `entry`, `path`. */
export class HeaderError extends RecordingError {
  static override readonly code = "GVM4031";
}

/** A blob is referred to and not there. Fields: `entry`, `sha256`. */
export class BlobMissingError extends RecordingError {
  static override readonly code = "GVM4032";
}

/** A blob is there and nothing refers to it. Fields: `entry`, `sha256`. */
export class BlobUnusedError extends RecordingError {
  static override readonly code = "GVM4033";
}

/** A blob's bytes are not those its name promises. Fields: `entry`, `sha256`. */
export class BlobDamagedError extends RecordingError {
  static override readonly code = "GVM4034";
}

/** A blob, or all blobs together, would unpack to more than allowed. Fields: `entry`, `limit`. */
export class BlobTooLargeError extends RecordingError {
  static override readonly code = "GVM4035";
}

/** A signature that does not fit what it signs, or its key. Fields: `entry`. */
export class SignatureError extends RecordingError {
  static override readonly code = "GVM4036";
}

/** Not signed by a key that is trusted. Fields: `entry`, `fingerprint`. */
export class UntrustedError extends RecordingError {
  static override readonly code = "GVM4037";
}

/** A key that can't be used to sign or to verify. */
export class SignatureKeyError extends RecordingError {
  static override readonly code = "GVM4038";
}

/** A call that loads other code than its recording says, or none. Fields: `entry`, `seq`. */
export class ProgramMismatchError extends RecordingError {
  static override readonly code = "GVM4039";
}

/** A program that asks for a module which is part of neither the recording nor graphvm nor Node. Fields: `program`, `module`, `seq`. */
export class ModuleRefusedError extends RecordingError {
  static override readonly code = "GVM4040";
}

/** A key that no store takes. Fields: `key`. */
export class StoreKeyError extends RecordingError {
  static override readonly code = "GVM4100";
}

/** Nothing is stored under this key. Fields: `uri`. */
export class KeyMissingError extends RecordingError {
  static override readonly code = "GVM4101";
}

/** Other bytes are stored under this key already. Fields: `uri`. */
export class KeyExistsError extends RecordingError {
  static override readonly code = "GVM4102";
}

/** The bucket does not exist. Fields: `bucket`, `uri`. */
export class BucketMissingError extends RecordingError {
  static override readonly code = "GVM4103";
}

/** The store refuses: no credentials, wrong ones, or no permission. Fields: `uri`. */
export class StorePermissionError extends RecordingError {
  static override readonly code = "GVM4104";
}

/** The store does not answer. Fields: `uri`, `endpoint`. */
export class StoreUnreachableError extends RecordingError {
  static override readonly code = "GVM4105";
}

/** The store said it has the bytes, and gives back others. Fields: `uri`. */
export class StoreVerifyError extends RecordingError {
  static override readonly code = "GVM4106";
}

/** The store failed in another way. Fields: `uri`. */
export class StoreFailedError extends RecordingError {
  static override readonly code = "GVM4107";
}

/** A place that is neither a path nor `s3://bucket/key`. Fields: `uri`. */
export class SourceUriError extends RecordingError {
  static override readonly code = "GVM4110";
}

registerErrors(
  RecordingError,
  NotJsonError,
  ChainBrokenError,
  JournalLineError,
  JournalOpenError,
  JournalWriteError,
  JournalClosedError,
  ArchiveLimitError,
  EntryNameError,
  ArchiveDamagedError,
  EntryMissingError,
  EntryUnexpectedError,
  FormatVersionError,
  HeaderError,
  BlobMissingError,
  BlobUnusedError,
  BlobDamagedError,
  BlobTooLargeError,
  SignatureError,
  UntrustedError,
  SignatureKeyError,
  ProgramMismatchError,
  ModuleRefusedError,
  StoreKeyError,
  KeyMissingError,
  KeyExistsError,
  BucketMissingError,
  StorePermissionError,
  StoreUnreachableError,
  StoreVerifyError,
  StoreFailedError,
  SourceUriError,
);
