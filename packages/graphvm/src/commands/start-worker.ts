import { connectWorker, DEFAULT_PORT } from "@graphvm/cluster";
import { given } from "@graphvm/engine/internal";
import { Command } from "commander";
import type { Context } from "../cli/context.js";
import { type LogFlags, loggerOf, logOptions } from "../cli/logging.js";
import {
  type LabelFlags,
  labelOptions,
  labelsOf,
  type MasterFlags,
  masterOptions,
  memoryOption,
  notNegative,
  wholeNumber,
} from "../cli/options.js";
import { clientTlsOf, shownToken } from "../cli/trust.js";

interface StartWorkerFlags extends MasterFlags, LabelFlags, LogFlags {
  readonly host?: string;
  readonly port?: number;
  readonly root?: string;
  readonly reconnectSeconds?: number;
  readonly memory?: number;
  readonly drainSeconds: number;
}

export function startWorkerCommand(context: Context): Command {
  const command = new Command("start-worker")
    .description("start a worker for a master elsewhere; runs until that ends")
    .option("--host <address>", "the address on which other workers fetch values (default: 127.0.0.1)")
    .option("--port <n>", "the port of that address (default: any free one)", wholeNumber(0, 65535))
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
  return masterOptions(logOptions(labelOptions(memoryOption(command))))
    .addHelpText(
      "after",
      "\nExample:\n  graphvm start-worker --master ws://127.0.0.1:7225 --plane eu --label tier=large",
    )
    .action((flags: StartWorkerFlags) => startWorkerAndWait(flags, context));
}

/** `graphvm start-worker`: a worker until its master ends. @throws ConnectionLostError where it ends out of order. */
export async function startWorkerAndWait(flags: StartWorkerFlags, context: Context): Promise<void> {
  context.guardStdout();
  const master = flags.master ?? `ws://127.0.0.1:${DEFAULT_PORT}`;
  const { host, port, root, reconnectSeconds, memory, drainSeconds } = flags;
  let leaves = false;
  const token = shownToken(flags.tokenFile, "worker", context);
  const tls = clientTlsOf(flags, context);
  const worker = context.own(
    await connectWorker({
      master,
      ...(token && { token }),
      ...(tls && { tls }),
      ...given({ host, port, root, reconnectSeconds, memory }),
      ...labelsOf(flags),
      logger: loggerOf(flags, context),
    }),
    (own) => {
      leaves = true;
      return own.drain(drainSeconds);
    },
  );
  context.answer(
    { worker: worker.id, master, pid: process.pid },
    `graphvm worker ${worker.id} of the master at ${master}`,
  );
  const reason = await worker.over;
  if (reason) throw reason;
  if (!leaves) context.note(`the master at ${master} ended`);
}
