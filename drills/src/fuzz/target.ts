import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The tokens of a target; none where everybody on this machine may come in. */
export interface TargetTokens {
  readonly operator?: string;
  readonly worker?: string;
  readonly auditor?: string;
}

/** What the target's process says. */
export type FromTarget =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "memory"; readonly rss: number }
  | { readonly kind: "problem"; readonly text: string };
export interface Asked {
  readonly ask: "memory";
}

/** A live cluster in a process of its own. */
export class Target {
  readonly tokens: TargetTokens;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #problems: string[];

  private constructor(tokens: TargetTokens, url: string, child: ChildProcess, problems: string[]) {
    this.tokens = tokens;
    this.url = url;
    this.#child = child;
    this.#problems = problems;
  }

  static async start(tokens: TargetTokens): Promise<Target> {
    const path = fileURLToPath(new URL("./target-main.js", import.meta.url));
    const child = fork(path, [JSON.stringify(tokens)], {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const problems: string[] = [];
    let printed = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (data: Buffer) => {
        printed = `${printed}${data}`.slice(-4000);
      });
    child.once("exit", (code, signal) => problems.push(`the master's process ended (${code ?? signal}): ${printed}`));
    child.on("message", (said: FromTarget) => {
      if (said.kind === "problem") problems.push(said.text);
    });
    const { url } = await answer(child, "url");
    return new Target(tokens, url, child, problems);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** What went wrong inside, so far. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Resident bytes after a collection. */
  async memory(): Promise<number> {
    const said = answer(this.#child, "memory");
    this.#child.send({ ask: "memory" } satisfies Asked);
    return (await said).rss;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const over = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.disconnect();
    await over;
  }
}

/** The next thing of that kind which a process says; fails where it ends first. */
function answer<K extends FromTarget["kind"]>(child: ChildProcess, kind: K): Promise<Extract<FromTarget, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error("the master's process ended"));
    const heard = (said: FromTarget): void => {
      if (said.kind !== kind) return;
      child.off("message", heard);
      child.off("exit", ended);
      resolve(said as Extract<FromTarget, { kind: K }>);
    };
    child.on("message", heard);
    child.once("exit", ended);
  });
}
