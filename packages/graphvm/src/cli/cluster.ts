import { connect, type FabricOptions, type Session, startMaster } from "@graphvm/cluster";
import { given } from "@graphvm/engine/internal";
import { UsageError } from "../errors.js";
import type { Context } from "./context.js";
import { fabricOf } from "./fabric.js";
import type { MasterFlags } from "./options.js";
import { clientTlsOf, shownToken } from "./trust.js";

/** Flags that say on which cluster a command works. */
export interface ClusterFlags extends MasterFlags {
  readonly workers?: number;
  readonly seed?: number;
  readonly root?: string;
  readonly plannerSeconds?: number;
  readonly secretEnv?: readonly string[];
  readonly strict?: boolean;
}

/** Workers of a cluster that a command starts for itself. */
export const DEFAULT_WORKERS = 2;

/** A session with the master the flags name. @param fabric Where it is, if the config says so. */
export async function connectTo(
  flags: MasterFlags,
  context: Context,
  fabric: FabricOptions | undefined = meetingPlace(flags),
): Promise<Session> {
  const token = shownToken(flags.tokenFile, "client", context);
  const tls = clientTlsOf(flags, context);
  const options = { ...(token && { token }), ...(tls && { tls }) };
  return context.own(await (fabric ? connect({ ...options, fabric }) : connect(flags.master, options)));
}

/** The fabric the flags name, beside which no address is said. @throws UsageError */
export function meetingPlace(flags: MasterFlags, said?: FabricOptions): FabricOptions | undefined {
  if (flags.master === undefined) return fabricOf(flags, said);
  if (flags.fabric === undefined) return undefined;
  throw new UsageError("--master and --fabric are two ways to one master: leave one out.", {});
}

/** Whether the flags name a master that runs already. */
export function isElsewhere(flags: MasterFlags): boolean {
  return flags.master !== undefined || flags.fabric !== undefined;
}

/**
 * A session on the cluster the flags name: the master at `--master`, else one started here, which ends with the command.
 *
 * @param workers of a cluster started here, where no flag says.
 */
export async function openCluster<T>(
  flags: ClusterFlags,
  context: Context,
  work: (session: Session) => Promise<T>,
  workers = DEFAULT_WORKERS,
): Promise<T> {
  if (isElsewhere(flags)) {
    const own = (["workers", "seed", "root", "plannerSeconds", "secretEnv", "strict"] as const).find(
      (name) => flags[name] !== undefined,
    );
    if (own !== undefined) {
      const option = `--${own.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      throw new UsageError(`${option} is for a cluster started here: leave it out, or --master and --fabric.`, {});
    }
    const session = await connectTo(flags, context);
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  }
  const { seed, root, plannerSeconds, secretEnv, strict } = flags;
  const master = context.own(
    await startMaster({
      port: 0,
      workers: flags.workers ?? workers,
      ...given({ seed, root, plannerSeconds, secretVariables: secretEnv, strict }),
    }),
  );
  try {
    const session = await connect(master.url);
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  } finally {
    await master.close();
  }
}
