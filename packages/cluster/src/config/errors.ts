import { GraphvmError, registerErrors } from "@graphvm/engine";

/** A config that is not of its form: `fields.path` names the place in it. */
export class ConfigError extends GraphvmError {
  static override readonly code = "GVM3610";
  static override readonly exitCode = 2;
}

/** A tier or plane that the config does not name. */
export class ConfigNameError extends GraphvmError {
  static override readonly code = "GVM3611";
  static override readonly exitCode = 2;
}

/** A volume that is no folder, or whose name is none; an input that leads out of its volume. */
export class VolumeError extends GraphvmError {
  static override readonly code = "GVM3612";
  static override readonly exitCode = 2;
}

/** A value that is larger than what may leave its plane: `fields` name node, rule, plane, size and limit. Its bytes went nowhere. */
export class ExportTooLargeError extends GraphvmError {
  static override readonly code = "GVM3605";
}

registerErrors(ConfigError, ConfigNameError, VolumeError, ExportTooLargeError);
