import { numericsDigest } from "@graphvm/engine";
import { ReplayOptionError } from "../errors.js";
import { bundleFile } from "../program/bundle.js";
import type { Program } from "../program/program.js";
import { VERSION } from "../protocol.js";
import type { Recording } from "../recording/index.js";
import type { Cause } from "./report.js";

/** What a replay was told to do otherwise than recorded, and how the machine differs. */
export interface Changes {
  /** Programs that take the place of recorded ones, by name. */
  readonly programs: ReadonlyMap<string, Program>;
  /** Causes the caller brought in, the likeliest first, each with what says so. */
  readonly asked: readonly (readonly [cause: Cause, why: string])[];
  /** How this machine is another than the recorded one. */
  readonly machine: readonly string[];
}

/**
 * Reads what a replay is to change, and compares this machine with the recorded one.
 *
 * @throws ReplayOptionError for a program the recording does not have; ModuleMissingError, ModuleCompileError
 */
export async function readChanges(
  recording: Recording,
  code: { readonly [program: string]: string },
  seed: number | undefined,
): Promise<Changes> {
  const programs = new Map<string, Program>();
  const asked: [Cause, string][] = [];
  for (const [name, file] of Object.entries(code)) {
    const recorded = recording.header.programs.find((program) => program.name === name);
    if (recorded === undefined) {
      const names = recording.header.programs.map((program) => program.name).join(", ") || "none";
      throw new ReplayOptionError(`The recording has no program ${name}; it has ${names}.`, { program: name });
    }
    const program = await bundleFile(file, name);
    programs.set(name, program);
    if (program.hash !== recorded.hash) {
      asked.push(["code", `the program ${name} is ${file}, whose text is another than the recorded one`]);
    }
  }
  if (seed !== undefined && seed !== recording.header.seed) {
    asked.push(["seed", `the seed is ${seed}, recorded was ${recording.header.seed}`]);
  }
  return { programs, asked, machine: differences(recording) };
}

function differences({ header }: Recording): string[] {
  const warnings: string[] = [];
  if (header.graphvm !== VERSION) warnings.push(`recorded by graphvm ${header.graphvm}, replayed by ${VERSION}`);
  if (header.node !== process.version) warnings.push(`recorded on Node ${header.node}, replayed on ${process.version}`);
  const platform = `${process.platform}-${process.arch}`;
  if (header.platform !== platform) warnings.push(`recorded on ${header.platform}, replayed on ${platform}`);
  if (header.numerics !== numericsDigest())
    warnings.push("Math functions give other bits here than where this was recorded");
  return warnings;
}
