import { createHash } from "node:crypto";
import { type Evaluated, evaluateProgram } from "./evaluate.js";
import type { Program } from "./program.js";
import { SESSION_MODULE } from "./session-module.js";

/** What this thread has evaluated for whoever shares it, by program. Modules never unload, so this lets nothing live longer. */
const evaluations = new Map<string, Promise<Evaluated>>();

/**
 * Evaluates a program, or gives what came of it before in this thread. One that sees its session's namespaces is evaluated
 * for each session.
 *
 * @throws ModuleFailedError
 */
export async function evaluateOnce(
  program: Program,
  session: { readonly [name: string]: object } = {},
): Promise<Evaluated> {
  if (program.code.includes(SESSION_MODULE)) return evaluateProgram(program, session);
  const key = keyOf(program);
  const known = evaluations.get(key);
  if (known) return known;
  const evaluated = evaluateProgram(program, session);
  evaluations.set(key, evaluated);
  evaluated.catch(() => evaluations.delete(key));
  return evaluated;
}

/** Exports are known by their program's name, and stacks name its files: both tell evaluations apart. */
function keyOf({ name, hash, map = "" }: Program): string {
  return JSON.stringify([name, hash, createHash("sha256").update(map).digest("hex")]);
}
