import { GraphvmError, registerErrors } from "@graphvm/engine";

/** No clause matches, or several are equally specific: `fields.clauses` says of each why it did or didn't. */
export class ClauseChoiceError extends GraphvmError {
  static override readonly code = "GVM2001";
}

/** A rule was called before it was put into a namespace, or a namespace is badly named or made. */
export class NamespaceError extends GraphvmError {
  static override readonly code = "GVM2002";
}

/** A param that can't be one: a class instance, a cycle, a symbol. */
export class BadParamError extends GraphvmError {
  static override readonly code = "GVM2003";
}

/** A namespace, rule, program or export that a message names and that isn't loaded. */
export class UnknownNameError extends GraphvmError {
  static override readonly code = "GVM2005";
}

/** Refs or params in a message that are not of the wire's form. */
export class BadWireError extends GraphvmError {
  static override readonly code = "GVM2006";
}

registerErrors(ClauseChoiceError, NamespaceError, BadParamError, UnknownNameError, BadWireError);
