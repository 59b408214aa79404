import type { RecordingOptions } from "@graphvm/cluster";
import { bytesIn } from "@graphvm/cluster/internal";
import { given } from "@graphvm/engine/internal";
import { type Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "../errors.js";
import { type FabricFlags, fabricOptions } from "./fabric.js";
import { clientTlsOptions, type TlsFlags } from "./trust.js";

/** Flags that every command has. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Flags of commands that talk to a master. */
export interface MasterFlags extends CommonFlags, FabricFlags, TlsFlags {
  readonly master?: string;
  readonly tokenFile?: string;
}

/** Flags of commands that start workers. */
export interface LabelFlags {
  readonly plane?: string;
  readonly label?: { readonly [name: string]: string };
}

export function commonOptions(command: Command): Command {
  return command
    .option("--json", "print one JSON object on stdout and nothing else there")
    .option("--verbose", "with an error, print its stack and its causes");
}

export function masterOptions(command: Command): Command {
  return commonOptions(
    clientTlsOptions(
      fabricOptions(
        command.option("--master <url>", "the master to talk to (default: ws://127.0.0.1:7225)", masterUrl),
      ).option("--token-file <file>", "a file that holds the token to show (default: GRAPHVM_TOKEN)"),
    ),
  );
}

/** Options of commands that either talk to a master or start one. */
/** What `--strict` says of itself. */
export const STRICT = "refuse atoms that read files, network, environment or clocks that are not declared";

export function clusterOptions(command: Command): Command {
  return masterOptions(command)
    .option("--workers <n>", "start a cluster of n worker threads for this command", wholeNumber(0))
    .option("--seed <n>", "seeds random numbers inside atoms, on a cluster started here (default: 0)", wholeNumber(0))
    .option("--root <dir>", "where relative inputs are looked for, on a cluster started here (default: here)")
    .option("--planner-seconds <n>", "how long rules may expand, on a cluster started here (default: 60)", positive)
    .option("--strict", `${STRICT}, on a cluster started here`)
    .option("--secret-env <names>", "variables whose values no recording may hold, on a cluster started here", list);
}

export function cutOptions(command: Command): Command {
  return command
    .option(
      "--cut <rules>",
      "rules whose nodes become jobs: ns.rule,ns.rule; auto finds them by the graph's form",
      list,
    )
    .option("--no-copy <rules>", "rules whose values are never copied between workers", list);
}

/** Flags that say what a recording keeps. */
export interface RecordFlags {
  readonly capture?: readonly ("code" | "inputs" | "outputs")[];
  readonly digests?: "jobs" | "nodes";
  readonly label?: { readonly [name: string]: string };
  readonly author?: string;
}

export function recordOptions(command: Command): Command {
  return keptOptions(command).option("--label <name=value>", "a label for the recording", mapping);
}

/** What a recording keeps, but for its labels. */
export function keptOptions(command: Command): Command {
  return command
    .option("--capture <what>", "what travels in the recording: code,inputs,outputs (default: code)", captured)
    .addOption(
      new Option("--digests <level>", "digests of jobs, or of every node (default: jobs)").choices(["jobs", "nodes"]),
    )
    .option("--author <name>", "who records");
}

/** What the flags say, as a session takes it. */
export function recordingOptions({ capture, digests, label, author }: RecordFlags): RecordingOptions {
  return {
    ...given({ capture, digests, labels: label, author }),
  };
}

function captured(text: string, before: unknown): readonly string[] {
  const names = list(text, before);
  const wrong = names.find((name) => !["code", "inputs", "outputs"].includes(name));
  if (wrong === undefined) return names;
  throw new InvalidArgumentError(`code, inputs and outputs can be captured, not ${wrong}`);
}

/** What `--cut` gave. @throws UsageError where there are rules beside `auto`. */
export function cutRules({ cut = [] }: { readonly cut?: readonly string[] }): readonly string[] | "auto" {
  if (!cut.includes("auto")) return cut;
  if (cut.some((name) => name !== "auto"))
    throw new UsageError("--cut takes auto or rules, not both: name every rule, or none.", {});
  return "auto";
}

/** What `--no-copy` gave: commander takes a name that begins with "no" for a negation, true until it is set. */
export function noCopyRules(flags: { readonly copy?: boolean | readonly string[] }): readonly string[] {
  return Array.isArray(flags.copy) ? flags.copy : [];
}

/** Parses a whole number of at least `least`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(n) && n >= least && n <= most) return n;
    const upTo = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`a whole number ${upTo} is needed`);
  };
}

/** Parses an amount of memory: `2GB`, `500 MB`, or bytes. */
export function byteCount(text: string): number {
  const bytes = bytesIn(text);
  if (bytes !== undefined) return bytes;
  throw new InvalidArgumentError("an amount such as 2GB or 500MB is needed");
}

export function memoryOption(command: Command): Command {
  return command.option(
    "--memory <amount>",
    "what values may take in memory, 2GB say; the rest lies in a temporary folder (default: no limit)",
    byteCount,
  );
}

/** Parses a number above 0. */
export function positive(text: string): number {
  const n = Number(text);
  if (Number.isFinite(n) && n > 0) return n;
  throw new InvalidArgumentError("a number above 0 is needed");
}

/** Parses a number that may be 0. */
export function notNegative(text: string): number {
  const n = Number(text);
  if (text.trim() !== "" && Number.isFinite(n) && n >= 0) return n;
  throw new InvalidArgumentError("a number from 0 on is needed");
}

/** Takes `host`, `host:port` and `ws://host:port`. */
export function masterUrl(text: string): string {
  const url = /^wss?:\/\//.test(text) ? text : `ws://${text}`;
  if (!URL.canParse(url)) throw new InvalidArgumentError("an address such as ws://127.0.0.1:7225 is needed");
  return url;
}

/** `a,b` and `--cut a --cut b` are the same. */
export function list(text: string, before: unknown): readonly string[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return [...(Array.isArray(before) ? (before as readonly string[]) : []), ...names];
}

/** `old=new` pairs, by old. */
export function mapping(
  text: string,
  before: { readonly [old: string]: string } = {},
): { readonly [old: string]: string } {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError("old=new is needed");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Options of commands that start workers: what jobs may ask for. */
export function labelOptions(command: Command): Command {
  return command
    .option("--plane <name>", "where the workers stand: jobs on inputs that are bound to this plane run here")
    .option("--label <name=value>", "a label that jobs may ask for, such as tier=large; repeatable", mapping);
}
