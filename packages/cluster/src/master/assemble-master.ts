import { checkLabels } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import type { Fabric } from "../fabric/fabric.js";
import type { JournalCopy } from "../folder/journal-copy.js";
import type { SessionFolder } from "../folder/session-folder.js";
import { memoryBudget } from "../store/memory-budget.js";
import { systemClock } from "../transport/clock.js";
import { allLimits } from "../transport/limits.js";
import { masterTokens } from "../transport/roles.js";
import { Watch } from "../watch/events.js";
import { logEvents } from "../watch/log.js";
import { Volumes } from "../worker/volumes.js";
import { openLog } from "./archived-session.js";
import { DEFAULT_PORT, type MasterOptions } from "./master-options.js";
import { RunningMaster } from "./running-master.js";
import { MasterSession } from "./session.js";

/** What a master on a fabric has beyond the options of any other. */
export interface Assembly {
  readonly folder: SessionFolder;
  readonly fabric?: Fabric;
  /** Where its journal is kept besides. */
  readonly copy?: JournalCopy;
  /** How many workers may come back to it. */
  readonly expected?: number;
  /** Lets go of its place on the fabric when it has ended, or did not start. */
  readonly leave?: (ended: boolean) => Promise<void>;
}

/** Puts a master together and starts it; the folder goes with it. */
export async function assembleMaster(
  options: Omit<MasterOptions, "fabric">,
  { folder, fabric, copy, expected, leave }: Assembly,
): Promise<RunningMaster> {
  const { heartbeat, tls, workers = 1, clock = systemClock, now = Date.now } = options;
  const limits = allLimits(options.limits);
  const tokens = masterTokens(options.token, options.tokens);
  const variables = (options.secretVariables ?? []).map((name) => process.env[name]);
  const secrets = [...variables, ...Object.values<string | undefined>({ ...tokens })].filter(
    (secret): secret is string => !!secret,
  );
  const labels = checkLabels(options.labels ?? {}, "the master's threads");
  const volumes = new Volumes(options.volumes);
  const budget = memoryBudget(options.memory, workers);
  const { archive, log } = await openLog(options, folder, now, secrets, copy).catch((error: unknown) => {
    folder.close();
    throw error;
  });
  const resuming = options.resume !== undefined;
  const watch = new Watch();
  if (options.logger) logEvents(watch, options.logger, secrets);
  const { id, seed, epoch, strict, roots, host, port } = folder.record;
  const session = new MasterSession({
    id,
    seed,
    epoch,
    strict,
    roots,
    limits: { seconds: options.plannerSeconds ?? 60, nodes: options.maxNodes ?? 50_000_000 },
    dial: { token: tokens.worker, heartbeat, ...(tls && { tls: { ...tls, ca: tls.ca ?? tls.clientCa } }) },
    patience: options.noWorkersSeconds ?? 30,
    clock,
    watch,
    labels,
    ignoreLabels: options.ignoreLabels ?? false,
    memory: budget?.store,
    fabric,
    returning: resuming,
  });
  const { idleSeconds, exports } = options;
  const parts = {
    volumes,
    exports,
    folder,
    log,
    session,
    archive,
    clock,
    now,
    idleSeconds,
    threadMemory: budget?.thread,
    fabric,
    leave,
  };
  const running = new RunningMaster(parts);
  const address = { port: options.port ?? port ?? DEFAULT_PORT, host: options.host ?? host };
  const plan = { resuming, threads: workers, ...given({ expected }) };
  await running.start({ ...address, tokens, tls, heartbeat, limits, clock }, plan);
  return running;
}
