import { GraphvmError, registerErrors } from "@graphvm/engine";

/** A module that does not compile, or can't be bundled: `fields` name file, line and column. */
export class ModuleCompileError extends GraphvmError {
  static override readonly code = "GVM3101";
  static override readonly exitCode = 2;
}

/** A module that isn't there. */
export class ModuleMissingError extends GraphvmError {
  static override readonly code = "GVM3102";
  static override readonly exitCode = 2;
}

/** A module that threw while it was evaluated. */
export class ModuleFailedError extends GraphvmError {
  static override readonly code = "GVM3103";
}

/** Two different modules under one program name. */
export class ProgramNameError extends GraphvmError {
  static override readonly code = "GVM3104";
}

/** The other side went away before it answered. */
export class ConnectionLostError extends GraphvmError {
  static override readonly code = "GVM3201";
}

/** Nobody answers at that address, or whoever does is no graphvm master. */
export class ConnectFailedError extends GraphvmError {
  static override readonly code = "GVM3202";
}

/** The master refused this connection: token, version or numerics. */
export class RefusedError extends GraphvmError {
  static override readonly code = "GVM3203";
}

/** A message that is not of the protocol's form. */
export class BadMessageError extends GraphvmError {
  static override readonly code = "GVM3204";
}

/** The port is taken. */
export class PortInUseError extends GraphvmError {
  static override readonly code = "GVM3205";
}

/** An address beyond loopback without a token. */
export class TokenNeededError extends GraphvmError {
  static override readonly code = "GVM3206";
  static override readonly exitCode = 2;
}

/** The other side of a link gave no sign of life for too long. */
export class PeerSilentError extends GraphvmError {
  static override readonly code = "GVM3207";
}

/** A certificate that can't be used or is not believed: `fields.reason` is what TLS calls it. */
export class CertificateError extends GraphvmError {
  static override readonly code = "GVM3208";
}

/** An option that has no meaning: `fields.option` names it. */
export class BadOptionError extends GraphvmError {
  static override readonly code = "GVM3209";
  static override readonly exitCode = 2;
}

/** More is asked at once than is answered at once. */
export class BusyError extends GraphvmError {
  static override readonly code = "GVM3210";
}

/** The other side answered in a form that is not of the protocol. */
export class BadAnswerError extends GraphvmError {
  static override readonly code = "GVM3211";
}

/** Expansion took longer than it may: a rule that never ends. */
export class RuleNeverEndsError extends GraphvmError {
  static override readonly code = "GVM3301";
}

/** A planner thread that died while it expanded rules. */
export class PlannerDiedError extends GraphvmError {
  static override readonly code = "GVM3302";
}

/** A job took down every worker it was given to. */
export class JobKillsWorkersError extends GraphvmError {
  static override readonly code = "GVM3401";
}

/** Jobs wait and there is no worker to run them. */
export class NoWorkersError extends GraphvmError {
  static override readonly code = "GVM3402";
}

/** A job ran twice and gave different bytes. */
export class NondeterministicJobError extends GraphvmError {
  static override readonly code = "GVM3403";
}

/** A bug in the scheduler: a transition its table does not allow, with the job's story. */
export class IllegalTransitionError extends GraphvmError {
  static override readonly code = "GVM3404";
}

/** A job that ran longer than it may, as often as it may be tried; `fields` name job, rule, seconds and attempts. */
export class JobTimeoutError extends GraphvmError {
  static override readonly code = "GVM3405";
}

/** A job that was cancelled before it was done. What was computed is kept, and another dispatch goes on from there. */
export class JobCancelledError extends GraphvmError {
  static override readonly code = "GVM3406";
}

/** A rule that needs values bound to two planes: `fields` name rule, values and planes. */
export class PlanesMeetError extends GraphvmError {
  static override readonly code = "GVM3601";
}

/** A rule that is to run on another plane than a value it needs is bound to. */
export class PlaneMismatchError extends GraphvmError {
  static override readonly code = "GVM3602";
}

/** A value that is bound to a plane was asked for from outside it. */
export class PlaneBoundError extends GraphvmError {
  static override readonly code = "GVM3603";
}

/** Nodes that must run in one worker and need different labels. */
export class LabelConflictError extends GraphvmError {
  static override readonly code = "GVM3604";
}

/** A call the session can't answer now. */
export class SessionStateError extends GraphvmError {
  static override readonly code = "GVM3501";
}

/** A value that should be somewhere and isn't. */
export class ValueLostError extends GraphvmError {
  static override readonly code = "GVM3502";
}

/** The graph was emptied while somebody waited for it. */
export class GraphEmptiedError extends GraphvmError {
  static override readonly code = "GVM3503";
}

/** A master that is about to end takes no new work. */
export class MasterEndingError extends GraphvmError {
  static override readonly code = "GVM3504";
}

/** An input whose name a recording must not keep: it holds a secret, or is one's. */
export class SecretInputError extends GraphvmError {
  static override readonly code = "GVM3505";
}

/** What a replay was asked for does not fit the recording: a node or program it does not have. */
export class ReplayOptionError extends GraphvmError {
  static override readonly code = "GVM3701";
  static override readonly exitCode = 2;
}

/** A value that must go to disk, because memory has no room for it, and can't. */
export class SpillFailedError extends GraphvmError {
  static override readonly code = "GVM3801";
}

/** A value that is larger than this process can hold in one piece. */
export class ValueTooLargeError extends GraphvmError {
  static override readonly code = "GVM3802";
}

/** A master that has its session in a folder. */
export class FolderLockedError extends GraphvmError {
  static override readonly code = "GVM3511";
  static override readonly exitCode = 2;
}

/** A folder that holds a session where none should be, or none where one should be. */
export class SessionFolderError extends GraphvmError {
  static override readonly code = "GVM3512";
  static override readonly exitCode = 2;
}

/** Where a session was there is another now. */
export class OtherSessionError extends GraphvmError {
  static override readonly code = "GVM3513";
}

/** A session's recording did not get where it was to go. Fields: `uri`; `kept`, where it is instead, or null. */
export class ArchiveFailedError extends GraphvmError {
  static override readonly code = "GVM3514";
}

/** NATS lacks what a fabric needs, or refuses what graphvm makes there. */
export class FabricError extends GraphvmError {
  static override readonly code = "GVM3901";
}

/** Another master leads this cluster. */
export class LeaderPresentError extends GraphvmError {
  static override readonly code = "GVM3902";
}

/** This master leads its cluster no more: another has taken over. */
export class FencedError extends GraphvmError {
  static override readonly code = "GVM3903";
}

registerErrors(
  ArchiveFailedError,
  ModuleCompileError,
  ModuleMissingError,
  ModuleFailedError,
  ProgramNameError,
  ConnectionLostError,
  ConnectFailedError,
  RefusedError,
  BadMessageError,
  PortInUseError,
  TokenNeededError,
  PeerSilentError,
  CertificateError,
  BadOptionError,
  BusyError,
  BadAnswerError,
  RuleNeverEndsError,
  PlannerDiedError,
  JobKillsWorkersError,
  NoWorkersError,
  NondeterministicJobError,
  IllegalTransitionError,
  JobTimeoutError,
  JobCancelledError,
  PlanesMeetError,
  PlaneMismatchError,
  PlaneBoundError,
  LabelConflictError,
  SessionStateError,
  ValueLostError,
  GraphEmptiedError,
  MasterEndingError,
  SecretInputError,
  ReplayOptionError,
  SpillFailedError,
  ValueTooLargeError,
  FolderLockedError,
  SessionFolderError,
  OtherSessionError,
  FabricError,
  LeaderPresentError,
  FencedError,
);
