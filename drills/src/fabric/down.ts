import { setTimeout as pause } from "node:timers/promises";
import { mayRun, type ProcessMark } from "@graphvm/cluster/internal";
import type { FabricFolder } from "./state.js";

/** For how long a server may close its store, in milliseconds. */
const PATIENCE = 10_000;

/** Ends the servers of this folder that still run, and removes their stores; how many ran. Other processes are left alone. */
export async function down(folder: FabricFolder): Promise<number> {
  const running = folder.read()?.servers.filter(({ process }) => mayRun(process)) ?? [];
  for (const { name, process: mark } of running) {
    // where a system does not say when a process started, its number may be another's by now
    if (mark.started === "") throw new Error(`process ${mark.pid} may be ${name}, or another: end it yourself`);
    process.kill(mark.pid, "SIGTERM");
    process.kill(mark.pid, "SIGCONT");
  }
  for (const { process: mark } of running) await ended(mark);
  folder.clear();
  return running.length;
}

async function ended(mark: ProcessMark): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (mayRun(mark)) {
    if (performance.now() > end) process.kill(mark.pid, "SIGKILL");
    await pause(20);
  }
}
