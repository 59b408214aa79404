import { readFileSync } from "node:fs";

const PAGE = 4096;

/** Resident memory of some processes, summed, looked at ten times a second; where there is no /proc, nothing. */
export function watchResident(pids: readonly number[]): { readonly stop: () => ResidentPeak } {
  let peak: ResidentPeak = { bytes: 0, each: [] };
  const look = (): void => {
    const each = pids.map(resident);
    const bytes = each.reduce((sum, one) => sum + one, 0);
    if (bytes > peak.bytes) peak = { bytes, each };
  };
  const timer = setInterval(look, 100);
  return {
    stop() {
      clearInterval(timer);
      look();
      return peak;
    },
  };
}

/** The largest sum, and what each process had then. */
export interface ResidentPeak {
  readonly bytes: number;
  readonly each: readonly number[];
}

function resident(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * PAGE;
  } catch {
    return 0; // it has ended
  }
}
