import { connect, type Session, startMaster } from "@graphvm/cluster";
import { given } from "@graphvm/engine/internal";
import { UsageError } from "../errors.js";
import type { Context } from "./context.js";
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

/** A session with the master the flags name. */
export async function connectTo(flags: MasterFlags, context: Context): Promise<Session> {
  const token = shownToken(flags.tokenFile, "client", context);
  const tls = clientTlsOf(flags, context);
  return context.own(await connect(flags.master, { ...(token && { token }), ...(tls && { tls }) }));
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
  if (flags.master !== undefined) {
    const own = (["workers", "seed", "root", "plannerSeconds", "secretEnv", "strict"] as const).find(
      (name) => flags[name] !== undefined,
    );
    if (own !== undefined) {
      const option = `--${own.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      throw new UsageError(`${option} is for a cluster started here: leave it or --master out.`, {});
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
