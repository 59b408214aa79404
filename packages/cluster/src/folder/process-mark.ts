import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import * as v from "valibot";

const schema = v.object({
  machine: v.string(),
  boot: v.string(),
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  started: v.string(),
});

/** What tells a process from any other, earlier and later ones too. Empty texts stand for what a system does not say. */
export type ProcessMark = v.InferOutput<typeof schema>;

export function ownMark(): ProcessMark {
  return markOf(process.pid);
}

/** The mark of a process of this machine that runs. */
export function markOf(pid: number): ProcessMark {
  return { machine: hostname(), boot: bootId(), pid, started: startOf(pid) ?? "" };
}

/** Reads a mark that was written as JSON; undefined where it is none. */
export function readMark(text: string): ProcessMark | undefined {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether that process may still run. One on another machine may: nobody can tell from here. */
export function mayRun({ machine, boot, pid, started }: ProcessMark): boolean {
  if (machine !== hostname()) return true;
  if (boot !== bootId()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const now = startOf(pid);
  return now !== "ended" && (started === "" || now === undefined || now === started);
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

/** When a process started, in the system's ticks; "ended" of one that nobody has waited for yet. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // the second field is a name in parentheses, which may hold anything
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "ended" : fields[19];
  } catch {
    return undefined;
  }
}
