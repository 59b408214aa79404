import { GraphvmError, registerErrors } from "@graphvm/engine";

/** The command line is not one we understand. */
export class UsageError extends GraphvmError {
  static override readonly code = "GVM6001";
  static override readonly exitCode = 2;
}

/** The module has no export of that name: `fields.exports` lists those it has. */
export class ExportMissingError extends GraphvmError {
  static override readonly code = "GVM6002";
  static override readonly exitCode = 2;
}

/** The export is neither a ref, nor refs, nor a function. */
export class NotRunnableError extends GraphvmError {
  static override readonly code = "GVM6003";
  static override readonly exitCode = 2;
}

/** A replay runs code, and nobody agreed to it: no terminal to ask on and no `--yes`, or the answer was no. */
export class NoConsentError extends GraphvmError {
  static override readonly code = "GVM6004";
  static override readonly exitCode = 2;
}

/** A file on the command line that can't be read, or one that would be replaced. */
export class FileArgumentError extends GraphvmError {
  static override readonly code = "GVM6005";
  static override readonly exitCode = 2;
}

/** What starts workers is not on PATH: sbatch, kubectl. */
export class ProvisionerMissingError extends GraphvmError {
  static override readonly code = "GVM6006";
  static override readonly exitCode = 2;
}

/** What starts workers failed; the sentence has what it said. */
export class ProvisionFailedError extends GraphvmError {
  static override readonly code = "GVM6007";
}

registerErrors(
  UsageError,
  ExportMissingError,
  NotRunnableError,
  NoConsentError,
  FileArgumentError,
  ProvisionerMissingError,
  ProvisionFailedError,
);
