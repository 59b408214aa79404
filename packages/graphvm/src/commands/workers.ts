import type { FabricOptions, Session } from "@graphvm/cluster";
import type { WorkerSettings } from "@graphvm/cluster/internal";
import { Command, Option, type Command as Program } from "commander";
import { connectTo, meetingPlace } from "../cli/cluster.js";
import { configOf, configOption, settingsOf, tierOptions, volumeOption, type WorkerFlags } from "../cli/config.js";
import type { Context } from "../cli/context.js";
import {
  labelOptions,
  type MasterFlags,
  masterOptions,
  memoryOption,
  notNegative,
  positive,
  wholeNumber,
} from "../cli/options.js";
import { countText } from "../cli/text.js";
import { ProvisionFailedError, UsageError } from "../errors.js";
import { KubernetesProvisioner } from "../provision/kubernetes.js";
import { LocalProvisioner } from "../provision/local.js";
import { Pool, type PoolChange } from "../provision/pool.js";
import type { Provisioner } from "../provision/provisioner.js";
import { SlurmProvisioner } from "../provision/slurm.js";
import { type MeetingFlags, workerSpec } from "../provision/worker-spec.js";

interface WorkersFlags extends MasterFlags, WorkerFlags, MeetingFlags {
  readonly provision: "local" | "slurm" | "kubernetes";
  readonly min: number;
  readonly max: number;
  readonly idleSeconds: number;
  readonly every: number;
  readonly pool?: string;
  readonly dryRun?: boolean;
  readonly sbatch?: readonly string[];
  readonly image?: string;
  readonly namespace?: string;
  readonly secret: string;
}

export function workersCommand(context: Context): Command {
  const command = new Command("workers")
    .description("start and stop workers as a master's queue asks for them; runs until Ctrl-C")
    .addOption(
      new Option("--provision <where>", "child processes here, Slurm jobs, or Kubernetes Jobs")
        .choices(["local", "slurm", "kubernetes"])
        .makeOptionMandatory(),
    )
    .option("--min <n>", "so many stay, whatever the queue says", wholeNumber(0), 0)
    .option("--max <n>", "no more than so many", wholeNumber(1), 8)
    .option("--idle-seconds <n>", "for so long fewer must have been enough before any is stopped", notNegative, 60)
    .option("--every <seconds>", "how often the queue is looked at", positive, 1)
    .option("--pool <name>", "tells pools of one cluster apart (default: graphvm, with plane and tier)")
    .option("--drain-seconds <n>", "how long the job of a worker that is stopped may go on", notNegative, 30)
    .option("--sbatch <option>", "an option for sbatch, --sbatch=--partition=long say; repeatable", several)
    .option("--image <name>", "the image of Kubernetes workers, whose entry point is graphvm")
    .option("--namespace <name>", "where Kubernetes Jobs are made (default: kubectl's own)")
    .option(
      "--secret <name>",
      "a Kubernetes Secret with the workers' variables: GRAPHVM_WORKER_TOKEN",
      "graphvm-worker",
    )
    .option("--dry-run", "print what would be started, and start nothing");
  return options(command)
    .addHelpText(
      "after",
      [
        "",
        "Examples:",
        "  graphvm workers --provision local --max 4",
        "  graphvm workers --provision slurm --tier large --plane eu --fabric nats://hub:4222 --sbatch=--partition=long",
        "  graphvm workers --provision kubernetes --image registry/graphvm:1 --master ws://master:7225 --dry-run",
      ].join("\n"),
    )
    .action((flags: WorkersFlags) => workers(flags, context));
}

const options = (command: Program): Program =>
  masterOptions(labelOptions(tierOptions(volumeOption(configOption(memoryOption(command))))));

/** `graphvm workers`: a pool of workers until it is told to end. @throws ProvisionerMissingError, ConnectionLostError */
export async function workers(flags: WorkersFlags, context: Context): Promise<void> {
  if (flags.min > flags.max) throw new UsageError("--min is more than --max: no number of workers is both.", {});
  const settings = settingsOf(flags, await configOf(flags));
  const fabric = meetingPlace(flags, settings.fabric);
  if (flags.provision !== "local" && fabric && hasPassword(fabric))
    throw new UsageError("A password in --fabric would stand in job scripts: use --fabric-creds with a file.", {});
  const name = flags.pool ?? poolName(settings);
  const { min, max, idleSeconds } = flags;
  const provisioner = provisionerOf(flags, name, context);
  const pool = new Pool({
    ...{ pool: name, min, max, idleSeconds, provisioner, labels: settings.labels, threads: settings.threads },
    spec: (worker) => workerSpec(worker, name, settings, { ...flags, fabric }),
    now: () => performance.now() / 1000,
  });
  if (!flags.dryRun) await provisioner.list(); // whether it is there at all
  const session = await connectTo(flags, context, fabric);
  if (flags.dryRun) {
    const plan = pool.plan(await session.look());
    context.answer({ pool: name, ...plan }, `${countText(plan.workers, "worker")} now, each by:\n${plan.start}`);
    await session.close();
    return;
  }
  const leave = (): Promise<void> => pool.end().then(() => emptied(provisioner, flags.drainSeconds));
  context.own({ [Symbol.asyncDispose]: leave }, leave);
  try {
    await follow(pool, session, flags, context);
  } finally {
    await pool.end();
  }
}

function hasPassword({ servers }: FabricOptions): boolean {
  return [servers].flat().some((server: string) => /\/\/[^/]*@/.test(server));
}

/** Looks at the queue again and again. */
async function follow(
  pool: Pool,
  session: Session,
  { every, provision }: WorkersFlags,
  context: Context,
): Promise<never> {
  let trouble = "";
  for (;;) {
    const status = await session.look();
    try {
      const change = await pool.look(status);
      if (change.started.length + change.stopped.length > 0) tell(change, provision, context);
      trouble = sayOnce(change.failed?.message ?? "", trouble, context);
      if (change.failed && !(change.failed instanceof ProvisionFailedError)) throw change.failed;
    } catch (error) {
      // what is out of order for a while is asked again
      if (!(error instanceof ProvisionFailedError)) throw error;
      trouble = sayOnce(error.message, trouble, context);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 * every));
  }
}

function tell({ workers, waiting, busy, started, stopped }: PoolChange, provision: string, context: Context): void {
  const names = (all: PoolChange["started"]): string[] => all.map(({ name }) => name);
  const what = [
    ...(started.length === 0 ? [] : [`started ${names(started).join(", ")}`]),
    ...(stopped.length === 0 ? [] : [`stopped ${names(stopped).join(", ")}`]),
  ].join("; ");
  context.each(
    { provision, workers, waiting, busy, started: names(started), stopped: names(stopped) },
    `${what}: ${countText(waiting, "job")} waiting, ${countText(busy, "worker")} busy, ${workers} wanted`,
  );
}

function sayOnce(message: string, before: string, context: Context): string {
  if (message !== "" && message !== before) context.note(message);
  return message;
}

/** Waits until those that were told to leave have left, for a while longer than they may take. */
async function emptied(provisioner: Provisioner, drainSeconds: number): Promise<void> {
  const end = performance.now() + 1000 * (drainSeconds + 5);
  while (provisioner instanceof LocalProvisioner && performance.now() < end && (await provisioner.list()).length > 0)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Names of Kubernetes Jobs, which are the narrowest: lower-case letters, digits and -, 40 at most. */
function poolName({ labels: { plane, tier } }: WorkerSettings): string {
  return ["graphvm", plane, tier]
    .filter((each) => each !== undefined)
    .join("-")
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, "-")
    .slice(0, 40);
}

function provisionerOf(flags: WorkersFlags, pool: string, context: Context): Provisioner {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(pool))
    throw new UsageError(`${pool} can't be a pool's name: lower-case letters, digits and - make one, 40 at most.`, {});
  if (flags.provision === "local") return new LocalProvisioner((worker, line) => context.note(`[${worker}] ${line}`));
  if (flags.provision === "slurm") return new SlurmProvisioner(pool, flags.sbatch);
  const { image, namespace, secret } = flags;
  if (image === undefined)
    throw new UsageError("Kubernetes workers need an image: name it with --image (deploy/Dockerfile makes one).", {});
  return new KubernetesProvisioner(pool, { image, secret, ...(namespace === undefined ? {} : { namespace }) });
}

function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
