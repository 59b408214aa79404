import { GraphvmError, registerErrors } from "@graphvm/engine";

/** There is no nats-server and none could be installed: `fields.tried` says what was tried. */
export class NatsMissingError extends GraphvmError {
  static override readonly code = "GVM7101";
  static override readonly exitCode = 2;
}

/** A NATS server did not come up: `fields.log` is the end of what it logged. */
export class NatsStartError extends GraphvmError {
  static override readonly code = "GVM7102";
}

registerErrors(NatsMissingError, NatsStartError);
