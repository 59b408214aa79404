import { connectWorker, DEFAULT_PORT, type RemoteWorker } from "@graphvm/cluster";
import { fabricText } from "@graphvm/cluster/internal";
import { given } from "@graphvm/engine/internal";
import { Command } from "commander";
import { meetingPlace } from "../cli/cluster.js";
import { configOf, configOption, settingsOf, tierOptions, volumeOption, type WorkerFlags } from "../cli/config.js";
import type { Context } from "../cli/context.js";
import { type LogFlags, loggerOf, logOptions } from "../cli/logging.js";
import {
  labelOptions,
  type MasterFlags,
  masterOptions,
  masterUrl,
  memoryOption,
  notNegative,
  wholeNumber,
} from "../cli/options.js";
import { clientTlsOf, shownToken } from "../cli/trust.js";

interface StartWorkerFlags extends MasterFlags, WorkerFlags, LogFlags {
  readonly host?: string;
  readonly port?: number;
  readonly root?: string;
  readonly address?: string;
  readonly reconnectSeconds?: number;
  readonly drainSeconds: number;
}

export function startWorkerCommand(context: Context): Command {
  const command = new Command("start-worker")
    .description("start a worker for a master elsewhere; runs until that ends")
    .option("--host <address>", "the address on which other workers fetch values (default: 127.0.0.1)")
    .option("--port <n>", "the port of that address (default: any free one)", wholeNumber(0, 65535))
    .option(
      "--address <url>",
      "what others dial to fetch values; on a fabric: instead of fetching over NATS",
      masterUrl,
    )
    .option("--root <dir>", "where relative inputs are looked for before the master sends them (default: here)")
    .option(
      "--reconnect-seconds <n>",
      "how long a lost master is dialled again, 0: not at all (default: 60)",
      wholeNumber(0),
    )
    .option("--drain-seconds <n>", "how long the job that runs may go on after SIGTERM", notNegative, 30)
    .option(
      "--tls-client-ca <file>",
      "who must have signed the certificates of those who fetch values (default: none asked)",
    );
  return masterOptions(logOptions(labelOptions(tierOptions(volumeOption(configOption(memoryOption(command)))))))
    .addHelpText(
      "after",
      [
        "",
        "Examples:",
        "  graphvm start-worker --master ws://127.0.0.1:7225 --plane eu --tier large --volume data=/srv/eu/data",
        "  graphvm start-worker --fabric nats://127.0.0.1:4222 --plane eu",
      ].join("\n"),
    )
    .action((flags: StartWorkerFlags) => startWorkerAndWait(flags, context));
}

/** `graphvm start-worker`: a worker until its master ends. @throws ConnectionLostError where it ends out of order. */
export async function startWorkerAndWait(flags: StartWorkerFlags, context: Context): Promise<void> {
  context.guardStdout();
  const { host, port, root, address, reconnectSeconds, drainSeconds } = flags;
  const settings = settingsOf(flags, await configOf(flags));
  const { labels, volumes, exports, memory, threads } = settings;
  const fabric = meetingPlace(flags, settings.fabric);
  const master = fabric ? fabricText(fabric) : (flags.master ?? `ws://127.0.0.1:${DEFAULT_PORT}`);
  let leaves = false;
  const token = shownToken(flags.tokenFile, "worker", context);
  const tls = clientTlsOf(flags, context);
  const options = {
    ...(fabric ? { fabric } : { master }),
    ...(token && { token }),
    ...(tls && { tls }),
    ...given({ host, port, root, address, reconnectSeconds, memory: memory && Math.floor(memory / threads) }),
    ...{ labels, volumes, exports },
    logger: loggerOf(flags, context),
  };
  const workers: RemoteWorker[] = [];
  for (let i = 0; i < threads; i++) {
    const worker = context.own(await connectWorker(options), (own) => {
      leaves = true;
      return own.drain(drainSeconds);
    });
    workers.push(worker);
  }
  const names = workers.map(({ id }) => id);
  context.answer(
    { worker: names[0], workers: names, master, pid: process.pid },
    `graphvm worker ${names.join(", ")} of the master at ${master}`,
  );
  const reasons = await Promise.all(
    workers.map(async ({ over }) => {
      const reason = await over;
      // a process that lost one of its workers ends, so that whoever started it can start it again
      if (reason) await Promise.all(workers.map((each) => each.drain(drainSeconds)));
      return reason;
    }),
  );
  const reason = reasons.find((each) => each !== undefined);
  if (reason) throw reason;
  if (!leaves) context.note(`the master at ${master} ended`);
}
