// A process between a thread and the command that it runs: threads are killed without a word, and this one sees it, and
// ends the command with all that the command started.
import { spawn } from "node:child_process";
import { closeSync, openSync, rmSync } from "node:fs";

/** What the guard is told. */
export interface GuardedCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly env: { readonly [name: string]: string };
  readonly seconds: number;
  /** Files for stdin and stdout. */
  readonly stdin?: string;
  readonly stdout?: string;
}

/** What it says when the command has ended. */
export type GuardNews =
  | { readonly code: number | null; readonly signal: string | null; readonly late: boolean }
  | { readonly failed: string };

function run({ program, args, folder, env, seconds, stdin, stdout }: GuardedCommand): void {
  const input = stdin === undefined ? "ignore" : openSync(stdin, "r");
  const output = stdout === undefined ? "inherit" : openSync(stdout, "w");
  // a group of its own: what it started ends with it
  const child = spawn(program, args, { cwd: folder, env, detached: true, stdio: [input, output, "inherit"] });
  for (const fd of [input, output]) if (typeof fd === "number") closeSync(fd);
  let late = false;
  const end = (): void => {
    try {
      process.kill(-child.pid!, "SIGKILL");
    } catch {
      // nothing of it is left
    }
  };
  const timer = setTimeout(() => {
    late = true;
    end();
  }, seconds * 1000);
  process.once("disconnect", () => {
    end();
    rmSync(folder, { recursive: true, force: true });
    process.exit(1);
  });
  child.once("error", (error) => say({ failed: error.message }));
  child.once("exit", (code, signal) => {
    clearTimeout(timer);
    end();
    say({ code, signal, late });
  });
}

function say(news: GuardNews): void {
  process.send!(news, () => process.exit(0));
}

process.once("message", (told: GuardedCommand) => {
  try {
    run(told);
  } catch (error) {
    say({ failed: (error as Error).message });
  }
});
