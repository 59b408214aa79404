import { given } from "@graphvm/engine/internal";
import { type FencedError, LeaderPresentError, SessionFolderError } from "../errors.js";
import { Lease } from "../fabric/leader.js";
import type { FabricOptions } from "../fabric/options.js";
import { checkFabricTrust, copyOf, Seat } from "../fabric/seat.js";
import { systemClock } from "../transport/clock.js";
import { masterTokens } from "../transport/roles.js";
import { assembleMaster } from "./assemble-master.js";
import type { MasterHandle, MasterOptions } from "./master-options.js";
import { openFolder } from "./resume.js";
import type { RunningMaster } from "./running-master.js";

/** Options of a master on a fabric. */
export type LeadOptions = MasterOptions & { readonly fabric: FabricOptions };

/** How often a standby looks for new lines of the journal, in seconds. */
const FOLLOW_SECONDS = 0.25;

/** A master that waits to lead. */
export interface Standby extends AsyncDisposable {
  /**
   * Settles with the master once this process leads; with undefined where the session was ended, or waiting was called off.
   * Rejects where it could not take over.
   */
  readonly leading: Promise<MasterHandle | undefined>;
  /** Waits no more. A master that leads already goes on. */
  close(): Promise<void>;
}

/**
 * Starts a master that leads its cluster: with the session that is in the journal stream, or a new one where there is none.
 *
 * @throws LeaderPresentError where another leads, and what `startMaster` throws
 */
export async function startLeading(options: LeadOptions): Promise<MasterHandle> {
  const { clock = systemClock } = options;
  const seat = await openSeat(options);
  let lease: Lease | undefined;
  try {
    lease = await Lease.tryNow(seat.fabric, clock);
    if (!lease) throw present(seat.fabric.names.cluster);
    return await lead(seat, lease, options);
  } catch (error) {
    await lease?.release();
    await seat.close(false);
    throw error;
  }
}

/**
 * Waits until whoever leads a cluster has gone, and takes over its session: finished jobs stay finished, workers and clients
 * come along. Where nobody leads it does so at once.
 *
 * @throws BadOptionError, ConnectFailedError, RefusedError, FabricError
 * @example
 * await using standby = await standBy({ fabric: { servers: "nats://127.0.0.1:4222" } });
 * const master = await standby.leading;
 */
export async function standBy(options: LeadOptions): Promise<Standby> {
  const { clock = systemClock } = options;
  const seat = await openSeat(options);
  const calledOff = new AbortController();
  const waiting = Lease.wait(seat.fabric, clock, calledOff.signal, options.fabric.leaseSeconds);
  const stopFollowing = follow(seat, clock, () => calledOff.abort());
  const leading = waiting.then(async (lease) => {
    await stopFollowing();
    if (!lease) {
      await seat.close(false);
      return undefined;
    }
    try {
      return await lead(seat, lease, options);
    } catch (error) {
      await lease.release();
      await seat.close(false);
      throw error;
    }
  });
  leading.catch(() => {}); // whoever asks is told
  const close = async (): Promise<void> => {
    calledOff.abort();
    await waiting;
    await leading.catch(() => {});
  };
  return { leading, close, [Symbol.asyncDispose]: close };
}

async function openSeat(options: LeadOptions): Promise<Seat> {
  const { fabric, labels, clock = systemClock, journal, resume, token, tokens } = options;
  if (resume !== undefined) {
    throw new SessionFolderError(
      "On a fabric the session that is in its journal stream goes on by itself: leave resume out.",
      { folder: resume },
    );
  }
  checkFabricTrust(fabric, masterTokens(token, tokens).operator !== undefined);
  return Seat.open(fabric, labels?.plane, clock, journal);
}

/** Keeps the folder near the journal's end; gives what ends that. */
function follow(seat: Seat, clock: typeof systemClock, over: () => void): () => Promise<void> {
  let busy: Promise<unknown> = Promise.resolve();
  let idle = true;
  let known = false;
  const stop = clock.every(FOLLOW_SECONDS, () => {
    if (!idle) return;
    idle = false;
    // a server that elects is asked again
    busy = seat
      .follow()
      .then((goesOn) => {
        // a session that ended before this began is none of ours
        if (goesOn) known ||= seat.holdsSession;
        else if (known) over();
      })
      .catch(() => {})
      .finally(() => {
        idle = true;
      });
  });
  return async () => {
    stop();
    await busy;
  };
}

async function lead(seat: Seat, lease: Lease, options: LeadOptions): Promise<MasterHandle> {
  let running: RunningMaster | undefined;
  let lost: FencedError | undefined;
  const fenced = (error: FencedError): void => {
    lost = error;
    void running?.abandon(error);
  };
  lease.lost = fenced;
  const { fabric: _fabric, journal: _journal, seed, epoch, strict, ...kept } = options;
  const stream = await seat.takeOver(lease);
  const resuming = seat.holdsSession;
  const own = { ...kept, port: options.port ?? 0, ...(resuming ? { resume: seat.folder } : {}) };
  // where nobody says how many were there, they have their time
  const expected = resuming ? await seat.members().catch(() => undefined) : 0;
  const folder = resuming
    ? openFolder(own, options.now ?? Date.now)
    : openFolder({ ...options, journal: seat.folder }, options.now ?? Date.now);
  const copy = copyOf(seat.fabric, stream);
  folder.onWrite = (json) => copy.add("session", json);
  copy.add("session", folder.text);
  const leave = async (ended: boolean): Promise<void> => {
    stream.close();
    await lease.release();
    await seat.close(ended);
  };
  stream.fenced = fenced;
  running = await assembleMaster(own, { folder, fabric: seat.fabric, copy, ...given({ expected }), leave });
  // another took over meanwhile
  if (lost) void running.abandon(lost);
  return running;
}

function present(cluster: string): LeaderPresentError {
  return new LeaderPresentError(
    `The cluster ${cluster} has a master that leads: start this one with --standby, or choose another --cluster.`,
    { cluster },
  );
}
