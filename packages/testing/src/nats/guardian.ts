import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";

/** Reads `+ pid` and `- pid`; at the end of its input it kills those it still has, and removes the folder. */
const SCRIPT = `
while read -r sign pid; do
  case $sign in
    +) pids="$pids $pid " ;;
    -) pids=$(echo "$pids" | sed "s/ $pid / /") ;;
  esac
done
for pid in $pids; do kill -9 "$pid"; done
rm -rf "$1"
`;

/**
 * A process that outlives this one by a moment: it kills the servers that were named to it, and removes their folder, when this
 * process ends in whatever way, with kill -9 too.
 */
export class Guardian {
  readonly #process: ChildProcess;

  /** @param folder What is removed at the end. */
  constructor(folder: string) {
    this.#process = spawn("sh", ["-c", SCRIPT, "guardian", folder], {
      cwd: "/",
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    // neither keeps this process from ending
    this.#process.unref();
    (this.#process.stdin as Socket).unref();
  }

  /** From now on `pid` ends with this process. */
  watch(pid: number): void {
    this.#process.stdin!.write(`+ ${pid}\n`);
  }

  /** `pid` is over: the number may be another's. */
  forget(pid: number): void {
    this.#process.stdin!.write(`- ${pid}\n`);
  }

  /** Ends what is left, and the guardian. */
  async end(): Promise<void> {
    const over = once(this.#process, "exit");
    this.#process.ref();
    this.#process.stdin!.end();
    await over;
  }
}
