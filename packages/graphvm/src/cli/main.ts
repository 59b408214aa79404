import { constants } from "node:os";
import { Owned, processContext } from "./context.js";
import { failureOf, isShown } from "./failure.js";
import { buildProgram } from "./program.js";

/** How long closing may take after a signal, in milliseconds. */
const GRACE = 5000;

/**
 * Runs the command line; the exit code. 0 done and equal; 1 failed; 2 bad usage, or input or recording missing or
 * tampered with; 3 a replay diverged; 130 and 143 interrupted and terminated.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const flags = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
  const json = flags.includes("--json");
  const owned = new Owned();
  const signals = onSignals(owned);
  const context = processContext(json, owned);
  const exitCode = await buildProgram(context)
    .parseAsync([...argv], { from: "user" })
    .then(
      () => Number(process.exitCode ?? 0),
      (error: unknown) => {
        if (isShown(error)) return 0;
        const { text, json: object, exitCode } = failureOf(error, flags.includes("--verbose"));
        if (signals.stopping) return exitCode;
        context.note(text);
        if (json) context.answer(object, "");
        return exitCode;
      },
    );
  // what an interrupted command still says or throws while it is being closed does not count
  return signals.stopping ? new Promise<never>(() => {}) : exitCode;
}

/**
 * On Ctrl-C and SIGTERM everything that was started is closed, then the process ends; on SIGTERM what can drain does so
 * before. A second one does not wait for that, a third one for nothing.
 */
function onSignals(owned: Owned): { readonly stopping: boolean } {
  const state = { stopping: false };
  let closing = false;
  const close = (exitCode: number): void => {
    if (closing) process.exit(exitCode);
    closing = true;
    if (!owned.slow) setTimeout(() => process.exit(exitCode), GRACE);
    // a command that failed while it was being closed says so by an exit code of its own
    void owned.close().finally(() => process.exit(process.exitCode ?? exitCode));
  };
  const stop = (signal: "SIGINT" | "SIGTERM"): void => {
    const exitCode = 128 + constants.signals[signal];
    // Ctrl-C is somebody who waits, SIGTERM a system that gives time
    if (signal === "SIGINT" || state.stopping) close(exitCode);
    else void owned.drain().finally(() => closing || close(exitCode));
    state.stopping = true;
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return state;
}
