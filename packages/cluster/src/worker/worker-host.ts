import type { SentBytes } from "../store/sent-bytes.js";
import { systemClock } from "../transport/clock.js";
import type { Transport } from "../transport/transport.js";
import { ComputeHost } from "./compute-host.js";
import { type Again, Membership } from "./membership.js";
import { ownOutput, WorkerPrinting } from "./printed-by-worker.js";
import { RunningJobs } from "./running-jobs.js";
import { UsageNews } from "./usage-news.js";
import type { WorkerShared } from "./worker-shared.js";

/** A worker as its process sees it. */
export interface WorkerHandle {
  /** The name the master gave it: another one each time it comes back. */
  readonly id: string;
  /** Settles when the worker is over: undefined where it was told to end. */
  readonly over: Promise<Error | undefined>;
  /** Stops the thread at once. */
  kill(): Promise<void>;
  /** Leaves in order: what runs may end, and values that are needed go elsewhere, for so many seconds at most. */
  drain(seconds: number): Promise<void>;
}

/**
 * A worker: between the master and a thread that computes. Never blocks, so that it answers while the thread is busy. When
 * the thread dies the link to the master closes; a thread that the master wants stopped is replaced. When the link is lost,
 * other than by an orderly end, and there is an `again`, the worker keeps what it has, computes on, and comes back.
 *
 * @throws RefusedError where the master does not take it.
 */
export async function startWorker(link: Transport, shared: WorkerShared, again?: Again): Promise<WorkerHandle> {
  const output = shared.output ?? ownOutput(() => {});
  const printing = new WorkerPrinting(output, { name: () => membership.id, loading: () => compute.loading });
  const compute: ComputeHost = new ComputeHost((news) => printing.add(news));
  const usage = new UsageNews(
    () => ({ held: shared.store.bytes, spilled: shared.store.spilledBytes, moved: shared.data.received }),
    (news) => membership.tell("usage", news),
    systemClock,
  );
  // the master knows what its own process holds, and what its threads send
  const jobs = new RunningJobs(compute, shared, () => shared.host !== "" && usage.changed());
  const membership = new Membership(compute, jobs, shared);
  if (shared.host !== "") reportSent(membership, shared.sent);
  const over = new Promise<Error | undefined>((resolve) => {
    compute.onClose((reason) => {
      usage.close();
      printing.end();
      resolve(membership.end(reason));
    });
  });
  try {
    await membership.join(link, again);
  } catch (error) {
    await compute.kill();
    throw error;
  }
  return {
    get id() {
      return membership.id;
    },
    over,
    kill: () => compute.kill(),
    drain: async (seconds) => {
      let late = (): void => {};
      const time = new Promise<void>((resolve) => {
        late = resolve;
      });
      const cancel = systemClock.after(seconds, () => late());
      await Promise.race([membership.leave(), over, time]);
      cancel();
      await compute.kill();
    },
  };
}

/** How long news of what was sent wait for more, in milliseconds. */
const SENT_EVERY = 20;

function reportSent(membership: Membership, sent: SentBytes): void {
  let told = true;
  sent.onChange(() => {
    if (!told) return;
    told = false;
    setTimeout(() => {
      told = true;
      membership.tell("sent", sent.totals);
    }, SENT_EVERY).unref();
  });
}
