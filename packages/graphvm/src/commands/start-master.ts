import {
  DEFAULT_PORT,
  type FabricOptions,
  type MasterHandle,
  type MasterOptions,
  standBy,
  startMaster,
} from "@graphvm/cluster";
import { fabricText } from "@graphvm/cluster/internal";
import { given } from "@graphvm/engine/internal";
import { Command } from "commander";
import { type ArchiveFlags, archiveFlags, archiveOf, tellArchived } from "../cli/archive.js";
import { configOf, configOption, settingsOf, volumeOption, type WorkerFlags } from "../cli/config.js";
import type { Context } from "../cli/context.js";
import { type FabricFlags, fabricFlagsText, fabricOf, fabricOptions } from "../cli/fabric.js";
import { type LogFlags, loggerOf, logOptions } from "../cli/logging.js";
import {
  type CommonFlags,
  commonOptions,
  labelOptions,
  list,
  memoryOption,
  notNegative,
  positive,
  STRICT,
  wholeNumber,
} from "../cli/options.js";
import { countText } from "../cli/text.js";
import { masterTrustOptions, type RoleFlags, roleTokens, serverTlsOf, type TlsFlags } from "../cli/trust.js";
import { UsageError } from "../errors.js";

interface StartMasterFlags extends ArchiveFlags, CommonFlags, FabricFlags, WorkerFlags, LogFlags, RoleFlags, TlsFlags {
  readonly workers: number;
  readonly port?: number;
  readonly host?: string;
  readonly seed?: number;
  readonly root?: string;
  readonly journal?: string;
  readonly resume?: string;
  readonly plannerSeconds?: number;
  readonly idleSeconds?: number;
  readonly drainSeconds: number;
  readonly standby?: boolean;
  readonly strict?: boolean;
  readonly secretEnv?: readonly string[];
}

export function startMasterCommand(context: Context): Command {
  const command = new Command("start-master")
    .description("start a master and its worker threads; runs until Ctrl-C or `graphvm stop`")
    .option("--workers <n>", "worker threads in this process", wholeNumber(0), 1)
    .option("--port <n>", `where to listen; 0 takes any free port (default: ${DEFAULT_PORT})`, wholeNumber(0, 65535))
    .option("--host <address>", "where to listen; anything but loopback needs a token (default: 127.0.0.1)")
    .option("--seed <n>", "seeds random numbers inside atoms (default: 0)", wholeNumber(0))
    .option("--root <dir>", "where relative inputs are looked for (default: here)")
    .option("--journal <dir>", "where the journal is kept (default: a temporary folder that goes with the session)")
    .option(
      "--resume <dir>",
      "go on with the session whose journal is there; address, root and seed are that session's",
    )
    .option("--standby", "on a fabric: wait until whoever leads has gone, then lead")
    .option("--strict", STRICT)
    .option("--planner-seconds <n>", "how long rules may expand (default: 60)", positive)
    .option("--secret-env <names>", "variables whose values no journal and no recording may hold", list)
    .option("--idle-seconds <n>", "end after so long without clients and jobs (default: stay)", positive)
    .option("--drain-seconds <n>", "how long jobs that run may go on after SIGTERM", notNegative, 30);
  return commonOptions(
    fabricOptions(
      masterTrustOptions(logOptions(labelOptions(volumeOption(configOption(memoryOption(archiveFlags(command))))))),
    ),
  )
    .addHelpText(
      "after",
      [
        "",
        "Examples:",
        "  graphvm start-master --workers 3",
        "  graphvm start-master --fabric nats://a:4222,nats://b:4222 --standby",
        "  graphvm start-master --record s3://audit/2031 --capture inputs",
        "  graphvm start-master --idle-seconds 600 --log-level info --log-file master.log",
        "",
        "Its port also answers http://…/healthz, /readyz and /metrics (Prometheus).",
      ].join("\n"),
    )
    .action((flags: StartMasterFlags) => startMasterAndWait(flags, context));
}

/** `graphvm start-master`: a master until it is told to end. */
export async function startMasterAndWait(flags: StartMasterFlags, context: Context): Promise<void> {
  context.guardStdout();
  const { workers, port, seed, host, root, journal, resume } = flags;
  const { plannerSeconds, idleSeconds, drainSeconds, strict, secretEnv, memory } = flags;
  const tokens = roleTokens(flags, context);
  const tls = serverTlsOf(flags, context);
  const archive = archiveOf(flags);
  const settings = settingsOf(flags, await configOf(flags));
  const fabric = fabricOf(flags, settings.fabric);
  if (flags.standby && !fabric)
    throw new UsageError("--standby goes with a fabric: name its servers with --fabric.", {});
  const options: MasterOptions = {
    workers,
    ...given({ port, seed, host }),
    tokens,
    ...(tls && { tls }),
    ...given({ root }),
    labels: settings.labels,
    volumes: settings.volumes,
    exports: settings.exports,
    ...given({
      journal,
      resume,
      plannerSeconds,
      idleSeconds,
      strict,
      secretVariables: secretEnv,
      memory,
      record: archive,
    }),
    logger: loggerOf(flags, context),
  };
  const master = await begin(options, fabric, flags.standby === true, context);
  if (!master) return;
  const told = tellArchived(master, context);
  const ended = { [Symbol.asyncDispose]: () => endAndTell(master.close(), told) };
  context.own(ended, () => endAndTell(master.drain(drainSeconds), told), archive !== undefined);
  const { url } = master;
  const way = fabric ? fabricFlagsText(fabric) : `--master ${url}`;
  context.answer(
    { url, workers, pid: process.pid, ...(fabric && { fabric: fabricText(fabric) }) },
    [
      `graphvm master at ${url} with ${countText(workers, "worker thread")}`,
      `  more workers   graphvm start-worker ${way}`,
      `  run a module   graphvm run FILE.ts#export ${way}`,
      fabric ? `  another to follow it  graphvm start-master ${way} --standby` : `  from a program connect("${url}")`,
      `  stop it        ${fabric ? "" : "Ctrl-C, or "}graphvm stop ${way}`,
      ...(tokens.operator ? ["  Clients and workers need a token: GRAPHVM_TOKEN or --token-file."] : []),
    ].join("\n"),
  );
  await master.closed;
  await told;
  if (master.fenced) throw master.fenced;
}

/** Starts it, or waits until it may lead; undefined where the session ended meanwhile. */
async function begin(
  options: MasterOptions,
  fabric: FabricOptions | undefined,
  waits: boolean,
  context: Context,
): Promise<MasterHandle | undefined> {
  if (!fabric) return startMaster(options);
  if (!waits) return startMaster({ ...options, fabric });
  const standby = context.own(await standBy({ ...options, fabric }));
  context.note(`standing by on ${fabricText(fabric)}`);
  const master = await standby.leading;
  if (!master) context.note("the session was ended: nothing is left to take over");
  return master;
}

/** Where the recording went is told before the process ends. */
async function endAndTell(ending: Promise<void>, told: Promise<void>): Promise<void> {
  await Promise.allSettled([ending, told]);
}
