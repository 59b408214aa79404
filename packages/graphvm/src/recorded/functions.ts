import type { Recording } from "@graphvm/cluster";
import { unbox } from "@graphvm/cluster/internal";

/** The functions without free variables that travel as text in the calls of a recording: code, beside the programs. */
export function recordedFunctions(recording: Recording): string[] {
  const found = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) {
      for (const each of value) look(each);
      return;
    }
    for (const [key, each] of Object.entries(value)) {
      if (key === "$closed" && Array.isArray(each) && typeof each[0] === "string") found.add(each[0]);
      look(each);
    }
  };
  for (const { method, params } of recording.lines) {
    if (!LOADS.has(method)) look(unbox(params, recording));
  }
  return [...found];
}

/** Their params are programs. */
const LOADS: ReadonlySet<string> = new Set(["load", "remoteEval", "addRules"]);
