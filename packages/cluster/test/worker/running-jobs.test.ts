import { CancelledError } from "@graphvm/engine";
import { expect, test } from "vitest";
import type { WorkerJob } from "../../dist/protocol.js";
import { ObjectStore } from "../../dist/store/object-store.js";
import { SentBytes } from "../../dist/store/sent-bytes.js";
import { begin, Claims } from "../../dist/worker/claims.js";
import type { ComputeHost } from "../../dist/worker/compute-host.js";
import { RunningJobs } from "../../dist/worker/running-jobs.js";
import type { WorkerShared } from "../../dist/worker/worker-shared.js";

const id = (n: number): string => n.toString(16).padStart(32, "0");
const job = (n: number): WorkerJob => ({
  id: id(n),
  refs: "",
  inputs: [],
  files: [],
  noCopy: false,
});

/** A thread that begins and ends jobs when the test says so. */
class SlowThread {
  readonly claims = new Claims();
  readonly calls: { readonly id: string; readonly slot: number; end(error?: Error): void }[] = [];
  readonly aborted: unknown[] = [];

  call(_method: string, { id, slot }: { id: string; slot: number }): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void =>
        error ? reject(error) : resolve({ digest: "d", size: 1, seconds: 0, bytes: Uint8Array.of(1) });
      this.calls.push({ id, slot, end });
    });
  }

  async ready(): Promise<void> {}

  emit(_event: string, data: unknown): void {
    this.aborted.push(data);
  }

  /** Whether the thread may run that call. */
  begin(at: number): boolean {
    return begin(this.claims.words, this.calls[at]!.slot);
  }
}

function worker(): { jobs: RunningJobs; thread: SlowThread } {
  const thread = new SlowThread();
  const shared = { store: new ObjectStore(), sent: new SentBytes(), host: "", labels: {} } as unknown as WorkerShared;
  return { jobs: new RunningJobs(thread as unknown as ComputeHost, shared, () => {}), thread };
}

/** Long enough for all that needs no event. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error) => error,
  );

test("C57: what was sent ahead stands in the thread, in order, while another job runs", async () => {
  const { jobs, thread } = worker();
  const answers = [1, 2, 3].map((n) => jobs.run(job(n)));
  await settled();
  expect(thread.calls.map((call) => call.id)).toEqual([id(1), id(2), id(3)]);
  expect(thread.begin(0)).toBe(true);
  thread.calls[0]!.end();
  expect(await answers[0]).toMatchObject({ digest: "d" });
  for (const at of [1, 2]) {
    expect(thread.begin(at)).toBe(true);
    thread.calls[at]!.end();
  }
  await Promise.all(answers);
  expect(jobs.held().map((each) => each.job)).toEqual([id(1), id(2), id(3)]);
});

test("C57: a job is taken back while its thread is busy, and the thread does not run it; one that began goes on", async () => {
  const { jobs, thread } = worker();
  const first = jobs.run(job(1));
  const second = jobs.run(job(2));
  await settled();
  thread.begin(0);
  jobs.giveBack(id(1));
  jobs.giveBack(id(2));
  expect(await second).toEqual({ returned: true });
  expect(thread.begin(1)).toBe(false);
  thread.calls[1]!.end(new CancelledError("taken back", {}));
  thread.calls[0]!.end();
  expect(await first).toMatchObject({ digest: "d" });
  // given again it is another run
  const again = jobs.run(job(2));
  await settled();
  expect(thread.begin(2)).toBe(true);
  thread.calls[2]!.end();
  expect(await again).toMatchObject({ digest: "d" });
});

test("C57: a job that is told to end before it began ends at once, one that runs is told", async () => {
  const { jobs, thread } = worker();
  const first = jobs.run(job(1));
  const second = failureOf(jobs.run(job(2)));
  await settled();
  thread.begin(0);
  jobs.abort(id(2));
  expect(await second).toBeInstanceOf(CancelledError);
  expect(thread.begin(1)).toBe(false);
  expect(thread.aborted).toEqual([]);
  jobs.abort(id(1));
  expect(thread.aborted).toEqual([{ job: id(1) }]);
  thread.calls[0]!.end(new CancelledError("stopped", {}));
  expect(await failureOf(first)).toBeInstanceOf(CancelledError);
});

test("C57: a session that starts over gets back what has not begun; what runs goes on", async () => {
  const { jobs, thread } = worker();
  const answers = Array.from({ length: 70 }, (_, n) => jobs.run(job(n)));
  await settled();
  // no more stand in the thread than it has places
  expect(thread.calls).toHaveLength(64);
  thread.begin(0);
  jobs.startOver();
  expect(await Promise.all(answers.slice(1))).toEqual(answers.slice(1).map(() => ({ returned: true })));
  thread.calls[0]!.end();
  expect(await answers[0]).toMatchObject({ digest: "d" });
});
