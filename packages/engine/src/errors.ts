import { given } from "./given.js";
/** What an error carries besides its sentence: the node, the job, the file; values are JSON. */
export type ErrorFields = { readonly [name: string]: unknown };

/** An error as it travels between processes and into recordings. */
export interface WireError {
  readonly code: string;
  readonly name: string;
  readonly message: string;
  readonly fields: ErrorFields;
  readonly stack?: string;
  readonly cause?: WireError;
}

/**
 * The base of every error graphvm raises: a stable `code`, one sentence that says what to do, `fields` that name the
 * place, and the `cause`. `exitCode` is what the command line exits with (1 failed; 2 bad usage, input or recording).
 */
export class GraphvmError extends Error {
  static readonly code: string = "GVM1000";
  static readonly exitCode: number = 1;
  readonly code: string;
  readonly exitCode: number;
  readonly fields: ErrorFields;

  constructor(message: string, fields: ErrorFields = {}, options: { cause?: unknown; code?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const type = new.target as typeof GraphvmError;
    this.name = type.name;
    this.code = options.code ?? type.code;
    this.exitCode = type.exitCode;
    this.fields = fields;
  }
}

const classes = new Map<string, typeof GraphvmError>();

/** Makes error classes known by their code, so that they keep their class when they cross a wire. */
export function registerErrors(...types: (typeof GraphvmError)[]): void {
  for (const type of types) {
    const known = classes.get(type.code);
    if (known && known !== type) throw new Error(`error code ${type.code} is taken by ${known.name}`);
    classes.set(type.code, type);
  }
}

/** Turns anything thrown into its wire form. */
export function toWireError(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error)) return { code: "", name: "Error", message: String(error), fields: {} };
  const own = error instanceof GraphvmError ? { code: error.code, fields: error.fields } : { code: "", fields: {} };
  return {
    ...own,
    name: error.name,
    message: error.message,
    ...given({ stack: error.stack }),
    ...(error.cause === undefined || depth > 8 ? {} : { cause: toWireError(error.cause, depth + 1) }),
  };
}

/** Rebuilds an error from its wire form: graphvm errors keep class and code, others become plain errors with their name. */
export function fromWireError(wire: WireError): Error {
  const cause = wire.cause === undefined ? undefined : fromWireError(wire.cause);
  const options = cause === undefined ? {} : { cause };
  let error: Error;
  if (wire.code === "") {
    error = new Error(wire.message, options);
    error.name = wire.name;
  } else {
    const type = classes.get(wire.code) ?? GraphvmError;
    error = new type(wire.message, wire.fields, { ...options, code: wire.code });
  }
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

/** A value or param that has no encoding: class instances without a codec, functions, refs where values go, cycles. */
export class UnencodableValueError extends GraphvmError {
  static override readonly code = "GVM1001";

  /** The same error one level further out: `fields.at` is the path inside the value, such as `rows[3].when`. */
  within(key: string | number): UnencodableValueError {
    const inner = typeof this.fields.at === "string" ? this.fields.at : "";
    const step = typeof key === "number" ? `[${key}]` : key;
    const at = inner === "" ? step : inner.startsWith("[") ? step + inner : `${step}.${inner}`;
    const sentence = typeof this.fields.sentence === "string" ? this.fields.sentence : this.message;
    return new UnencodableValueError(`${sentence} (at ${at})`, { ...this.fields, at, sentence });
  }
}

/** Bytes that are no encoded value. */
export class CorruptValueError extends GraphvmError {
  static override readonly code = "GVM1002";
}

/** A value of a class whose package is not loaded in this process. */
export class MissingCodecError extends GraphvmError {
  static override readonly code = "GVM1003";
}

/** Something that only an atom may do was done outside one. */
export class NoAtomError extends GraphvmError {
  static override readonly code = "GVM1004";
}

/** A function param that captures variables: `fields.variables` names them. */
export class CapturedVariableError extends GraphvmError {
  static override readonly code = "GVM1005";
}

/** An atom threw: `fields` name the node and the rules that led to it, `cause` is what it threw. */
export class AtomFailedError extends GraphvmError {
  static override readonly code = "GVM1101";
}

/** A rule's body threw, or returned neither an op nor a ref. */
export class RuleFailedError extends GraphvmError {
  static override readonly code = "GVM1102";
}

/** A node that depends on itself: `fields.cycle` lists the refs. */
export class CycleError extends GraphvmError {
  static override readonly code = "GVM1103";
}

/** Expansion went past the number of nodes or the time it may take: a rule that never ends, or a budget too small. */
export class ExpansionLimitError extends GraphvmError {
  static override readonly code = "GVM1104";
}

/** The value of a node that was never computed. */
export class NotComputedError extends GraphvmError {
  static override readonly code = "GVM1105";
}

/** A calculation or a stream that was cancelled by its signal; `cause` is the signal's reason. */
export class CancelledError extends GraphvmError {
  static override readonly code = "GVM1106";
}

/** A memory budget that can't be met. */
export class BudgetError extends GraphvmError {
  static override readonly code = "GVM1107";
}

/** Values that must go to disk, because the budget of memory is used up, and can't. */
export class SpillError extends GraphvmError {
  static override readonly code = "GVM1108";
}

/** A declared input that isn't there. */
export class InputMissingError extends GraphvmError {
  static override readonly code = "GVM1203";
  static override readonly exitCode = 2;
}

/** A declared input whose bytes are not those that were declared, or changed while an atom read them. */
export class InputChangedError extends GraphvmError {
  static override readonly code = "GVM1204";
  static override readonly exitCode = 2;
}

/** Labels that are none: of a rule, an input or a worker. */
export class BadLabelError extends GraphvmError {
  static override readonly code = "GVM1206";
  static override readonly exitCode = 2;
}

/** A read that is no declared input, in a strict session: `fields.kind`, `fields.what`, and the node. */
export class UndeclaredReadError extends GraphvmError {
  static override readonly code = "GVM1205";
}

/** A stream source or a stateful atom that was asked for a value where there are no batches. */
export class StreamOnlyError extends GraphvmError {
  static override readonly code = "GVM1601";
}

/** A stream's source that failed, is missing, or is not one of the graph's: `fields.source`, `fields.batch`. */
export class StreamSourceError extends GraphvmError {
  static override readonly code = "GVM1602";
}

/** The saved state of another stream, seed or version, or bytes that are none. */
export class StreamStateError extends GraphvmError {
  static override readonly code = "GVM1603";
}

registerErrors(
  GraphvmError,
  UnencodableValueError,
  CorruptValueError,
  MissingCodecError,
  NoAtomError,
  CapturedVariableError,
  AtomFailedError,
  RuleFailedError,
  CycleError,
  ExpansionLimitError,
  NotComputedError,
  CancelledError,
  BudgetError,
  SpillError,
  InputMissingError,
  InputChangedError,
  BadLabelError,
  UndeclaredReadError,
  StreamOnlyError,
  StreamSourceError,
  StreamStateError,
);
