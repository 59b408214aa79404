import { ProvisionFailedError } from "../errors.js";
import { isOf } from "./pool.js";
import type { Provisioner, Started, WorkerSpec } from "./provisioner.js";
import { runTool } from "./run-tool.js";

/** Workers as Slurm batch jobs, through `sbatch`, `squeue` and `scancel`. They go on where this process ends without a word. */
export class SlurmProvisioner implements Provisioner {
  readonly #pool: string;
  readonly #options: readonly string[];
  /** States by job number, as the last look had them. */
  readonly #states = new Map<string, string>();

  /** @param options For `sbatch`, beside those that a tier makes: `--partition=long`, say. */
  constructor(pool: string, options: readonly string[] = []) {
    this.#pool = pool;
    this.#options = options;
  }

  async start(spec: WorkerSpec): Promise<Started> {
    const printed = await runTool("sbatch", ["--parsable", ...this.#options], slurmScript(spec));
    // the number, and the cluster's name where there are several
    const id = /^(\d+)(;\S*)?\s*$/.exec(printed)?.[1];
    if (id === undefined)
      throw new ProvisionFailedError(`sbatch gave no job number: ${printed.trim()}`, { tool: "sbatch" });
    return { id, name: spec.name };
  }

  async list(): Promise<readonly Started[]> {
    const printed = await runTool("squeue", ["--me", "--noheader", "--format=%i|%j|%T"]);
    this.#states.clear();
    const started: Started[] = [];
    for (const line of printed.split("\n")) {
      const [id = "", name = "", state = ""] = line.trim().split("|");
      if (!isOf(this.#pool, name) || state === "COMPLETING") continue;
      this.#states.set(id, state);
      started.push({ id, name });
    }
    return started;
  }

  /** A worker that runs is sent SIGTERM, which drains it; Slurm's own way gives half a minute and kills. */
  async stop(id: string): Promise<void> {
    const how = this.#states.get(id) === "RUNNING" ? ["--batch", "--signal=TERM", id] : [id];
    await runTool("scancel", how).catch((error: unknown) => {
      // it ended by itself meanwhile
      if (!(error instanceof ProvisionFailedError)) throw error;
    });
  }

  describe(spec: WorkerSpec): string {
    return [`sbatch ${["--parsable", ...this.#options].join(" ")} <<'END'`, slurmScript(spec).trimEnd(), "END"].join(
      "\n",
    );
  }
}

/** Memory that a process needs beside its values, in bytes. */
const BESIDE_VALUES = 1e9;

/** The job script of a worker. */
export function slurmScript({ name, args, memory, threads, dialled }: WorkerSpec): string {
  const megabytes = memory === undefined ? undefined : Math.ceil((memory + BESIDE_VALUES) / 1e6);
  return [
    "#!/bin/sh",
    `#SBATCH --job-name=${name}`,
    "#SBATCH --ntasks=1",
    `#SBATCH --cpus-per-task=${threads}`,
    ...(megabytes === undefined ? [] : [`#SBATCH --mem=${megabytes}M`]),
    // before its time is over it leaves in order, and what it runs goes elsewhere
    "#SBATCH --signal=B:TERM@60",
    "#SBATCH --no-requeue",
    // in the place of the shell, so that signals reach it
    `exec graphvm ${args.map(quoted).join(" ")}${dialled ? ' --host "$(hostname)"' : ""}`,
    "",
  ].join("\n");
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
