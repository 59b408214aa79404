import { checkLabels } from "@graphvm/engine";
import { memoryBudget } from "../store/memory-budget.js";
import { systemClock } from "../transport/clock.js";
import { allLimits } from "../transport/limits.js";
import { masterTokens } from "../transport/roles.js";
import { Watch } from "../watch/events.js";
import { logEvents } from "../watch/log.js";
import { openLog } from "./archived-session.js";
import { DEFAULT_PORT, type MasterHandle, type MasterOptions } from "./master-options.js";
import { openFolder } from "./resume.js";
import { RunningMaster } from "./running-master.js";
import { MasterSession } from "./session.js";

/**
 * Starts a master and its worker threads.
 *
 * @throws PortInUseError, TokenNeededError, CertificateError, BadOptionError, BadLabelError, FolderLockedError,
 * SessionFolderError, and what stores throw that `record` names
 * @example
 * await using master = await startMaster({ port: 0, workers: 3 });
 * await using session = await connect(master.url);
 */
export async function startMaster(options: MasterOptions = {}): Promise<MasterHandle> {
  const { heartbeat, tls, workers = 1, clock = systemClock, now = Date.now } = options;
  const limits = allLimits(options.limits);
  const tokens = masterTokens(options.token, options.tokens);
  const variables = (options.secretVariables ?? []).map((name) => process.env[name]);
  const secrets = [...variables, ...Object.values<string | undefined>({ ...tokens })].filter(
    (secret): secret is string => !!secret,
  );
  const labels = checkLabels(options.labels ?? {}, "the master's threads");
  const budget = memoryBudget(options.memory, workers);
  const folder = openFolder(options, now);
  const { archive, log } = await openLog(options, folder, now, secrets).catch((error: unknown) => {
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
    returning: resuming,
  });
  const { idleSeconds } = options;
  const parts = { folder, log, session, archive, clock, now, idleSeconds, threadMemory: budget?.thread };
  const running = new RunningMaster(parts);
  const address = { port: options.port ?? port ?? DEFAULT_PORT, host: options.host ?? host };
  await running.start({ ...address, tokens, tls, heartbeat, limits, clock }, { resuming, threads: workers });
  return running;
}
