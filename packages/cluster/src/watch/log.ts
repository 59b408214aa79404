import { type Json, type JsonObject, redactSecrets } from "../recording/index.js";
import type { MasterEvent, Watch } from "./events.js";

/** What log lines go to. A pino logger is one; so is anything with these four. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export type Level = "debug" | "info" | "warn" | "error";

/** One line of a log. */
export interface LogLine {
  readonly level: Level;
  readonly message: string;
  readonly fields: { readonly [name: string]: Json };
}

/** Writes what happens to a log, each event a line with its name as `event`. Secrets are replaced before the logger sees them. */
export function logEvents(watch: Watch, logger: Logger, secrets: readonly string[]): void {
  watch.on((event) => {
    const line = lineOf(event);
    if (line) writeLine(logger, { ...line, fields: { event: event.kind, ...line.fields } }, secrets);
  });
}

/** Writes a line, but for its secrets: the values given, and what looks like one. */
export function writeLine(logger: Logger, { level, message, fields }: LogLine, secrets: readonly string[]): void {
  const { value } = redactSecrets({ message, fields: fields as JsonObject }, { values: secrets, prose: true });
  const clean = value as { message: string; fields: JsonObject };
  logger[level](clean.fields, clean.message);
}

function lineOf(event: MasterEvent): LogLine | undefined {
  switch (event.kind) {
    case "started":
      return line("info", `master at ${event.url}`, { url: event.url });
    case "ending":
      return line("info", `the master is ending: ${event.why}`, { why: event.why });
    case "stopped":
      return line("info", `the master at ${event.url} ended`, { url: event.url });
    case "workerJoined": {
      const { worker, thread, node } = event;
      const what = thread ? "thread" : "websocket";
      return line("info", `worker ${worker} joined (${what}, Node ${node})`, { worker, worker_kind: what, node });
    }
    case "workerLeft": {
      const { worker, reason } = event;
      if (reason === undefined) return line("info", `worker ${worker} left`, { worker });
      return line("warn", `worker ${worker} left: ${reason}`, { worker, reason });
    }
    case "clientJoined":
      return line("debug", "a client connected", {});
    case "clientLeft":
      return line("debug", "a client left", event.reason === undefined ? {} : { reason: event.reason });
    case "refused": {
      const { address, path, reason } = event;
      return line("warn", `refused ${address} at ${path}: ${reason}`, { address, path, reason });
    }
    case "loaded": {
      const { program, hash, seconds } = event;
      return line("info", `loaded ${program} ${hash.slice(0, 12)}`, { program, hash, seconds: round(seconds) });
    }
    case "planned": {
      const { jobs, nodes, seconds } = event;
      return line("info", `planned ${nodes} nodes as ${jobs} jobs`, { jobs, nodes, seconds: round(seconds) });
    }
    case "callFailed": {
      const { call, error } = event;
      return line("info", `the call ${call} failed: ${error.message}`, { call, error: error.message });
    }
    case "runStarted":
      return undefined;
    case "runEnded":
      return runLine(event);
    case "jobFailed": {
      const { job, rule, error, others } = event;
      const also = others === 0 ? "" : ` (and ${others} that need it, or were given up with it)`;
      const fields = { job, rule, code: error.code, error: error.message, others };
      return line("warn", `job ${rule} ${job.slice(0, 8)} is given up${also}: ${error.message}`, fields);
    }
    case "journalFailed":
      return line("error", event.error.message, { error: event.error.message });
    case "queueFull": {
      const { message: error } = event.error;
      return line("warn", `the work queue takes no jobs (${error}): they go over the workers' links`, { error });
    }
    case "archived": {
      const { uri, bytes, calls } = event;
      return line("info", `the session's recording is at ${uri}`, { uri, bytes, calls });
    }
    case "archiveFailed":
      // an error is what `close` rejects with: commands print that, and would say it twice
      return line("info", event.error.message, { error: event.error.message });
    case "printed":
      return line("debug", `${event.where}: ${event.text}`, { where: event.where });
  }
}

function runLine(event: Extract<MasterEvent, { kind: "runEnded" }>): LogLine {
  const { job, rule, worker, outcome, bytes, error } = event;
  const name = `job ${rule} ${job.slice(0, 8)}`;
  const seconds = round(event.seconds);
  const fields = { job, rule, worker, outcome, seconds };
  switch (outcome) {
    case "finished":
      return line("debug", `${name} finished on ${worker} in ${seconds} s`, { ...fields, bytes });
    case "failed":
      return line("info", `${name} failed on ${worker}: ${error}`, { ...fields, error: error ?? "" });
    case "missing":
      return line("info", `${name} found an input missing on ${worker}`, fields);
    case "gone":
      return line("info", `${name} on ${worker} counts no more: the worker left, or the job was stopped`, fields);
  }
}

function line(level: Level, message: string, fields: { readonly [name: string]: Json }): LogLine {
  return { level, message, fields };
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
