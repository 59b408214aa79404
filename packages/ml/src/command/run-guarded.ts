import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ownWork } from "../own-work.js";
import type { GuardedCommand, GuardNews } from "./guard.js";

const GUARD = fileURLToPath(new URL("./guard.js", import.meta.url));

/** So much of what a command printed on stderr last is kept. */
const LAST_TEXT = 4000;

/** How a command ended, and what it printed on stderr last. */
export interface CommandEnd {
  readonly news: GuardNews;
  readonly printed: string;
}

/** Runs a command under its guard. What it prints is printed here. */
export function runGuarded(told: GuardedCommand): Promise<CommandEnd> {
  return new Promise((resolve) => {
    ownWork(() => {
      const child = fork(GUARD, [], { execArgv: [], env: {}, stdio: ["ignore", "pipe", "pipe", "ipc"] });
      follow(child, resolve);
      child.send(told);
    });
  });
}

function follow(child: ChildProcess, ended: (end: CommandEnd) => void): void {
  let news: GuardNews | undefined;
  let printed = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => process.stdout.write(text));
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    printed = (printed + text).slice(-LAST_TEXT);
    process.stderr.write(text);
  });
  child.on("message", (said) => {
    news = said as GuardNews;
  });
  child.on("error", (error) => {
    news ??= { failed: error.message };
  });
  child.on("close", () => ended({ news: news ?? { failed: "its guard process died" }, printed: printed.trimEnd() }));
}
