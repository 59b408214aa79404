import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Provisioner, Started, WorkerSpec } from "./provisioner.js";

const BIN = fileURLToPath(new URL("../../bin/graphvm.js", import.meta.url));

/** Workers as child processes of this one. */
export class LocalProvisioner implements Provisioner {
  readonly #children = new Map<string, { readonly name: string; readonly child: ChildProcess }>();
  readonly #said: (name: string, line: string) => void;

  /** @param said Told what workers print on stderr. */
  constructor(said: (name: string, line: string) => void) {
    this.#said = said;
  }

  async start({ name, args }: WorkerSpec): Promise<Started> {
    // a group of its own: Ctrl-C is for this process, which tells its workers
    const child = spawn(process.execPath, [BIN, ...args], { stdio: ["ignore", "ignore", "pipe"], detached: true });
    const id = String(child.pid);
    this.#children.set(id, { name, child });
    child.stderr!.on("data", (piece: Buffer) => {
      for (const line of piece.toString("utf8").split("\n")) if (line !== "") this.#said(name, line);
    });
    child.once("error", () => this.#children.delete(id));
    child.once("exit", () => this.#children.delete(id));
    return { id, name };
  }

  async list(): Promise<readonly Started[]> {
    return [...this.#children].map(([id, { name }]) => ({ id, name }));
  }

  async stop(id: string): Promise<void> {
    this.#children.get(id)?.child.kill("SIGTERM");
  }

  describe({ args }: WorkerSpec): string {
    return `graphvm ${args.join(" ")}`;
  }
}
