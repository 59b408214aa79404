import { JobKillsWorkersError, NondeterministicJobError, NoWorkersError, ValueLostError } from "@graphvm/cluster";
import { fromWireError } from "@graphvm/engine";
import { expect, test } from "vitest";
import { JOB_TRANSITIONS, Job } from "../../dist/scheduler/job.js";
import { MAX_KILLED_WORKERS, MAX_MISSES, Scheduler } from "../../dist/scheduler/scheduler.js";
import { Story } from "../../dist/scheduler/story.js";
import type { Instruction, JobPlan, JobState } from "../../dist/scheduler/types.js";
import { WORKER_TRANSITIONS, WorkerEntry, type WorkerState } from "../../dist/scheduler/worker.js";

const plan = (id: string, inputs: string[] = [], more: Partial<JobPlan> = {}): JobPlan => ({
  id,
  rule: "test.job",
  inputs,
  noCopy: false,
  ...more,
});

function start(jobs: readonly JobPlan[], workers: { readonly [id: string]: string } = { w1: "" }) {
  const scheduler = new Scheduler();
  for (const [worker, host] of Object.entries(workers)) scheduler.handle({ kind: "workerJoined", worker, host });
  const first = scheduler.handle({ kind: "submitted", jobs });
  const finish = (worker: string, job: string, digest = job) =>
    scheduler.handle({ kind: "finished", worker, job, digest, size: 1 });
  const state = (id: string): JobState => scheduler.job(id)!.state;
  return { scheduler, first, finish, state };
}

const runs = (instructions: readonly Instruction[]): string[] =>
  instructions.filter((each) => each.kind === "run").map((each) => `${each.job}@${each.worker}`);

const failure = (instructions: readonly Instruction[]): Error => {
  const failed = instructions.find((each) => each.kind === "jobFailed");
  return fromWireError(failed!.error);
};

const boom = { code: "", name: "Error", message: "boom", fields: {} };

test("C10: a job waits, gets ready, runs and is done; what depends on it follows", () => {
  const { scheduler, first, finish, state } = start([plan("a"), plan("b", ["a"])]);
  expect(runs(first)).toEqual(["a@w1"]);
  expect([state("a"), state("b")]).toEqual(["running", "waiting"]);
  expect(runs(finish("w1", "a"))).toEqual(["b@w1"]);
  expect([state("a"), state("b")]).toEqual(["done", "running"]);
  finish("w1", "b");
  expect(scheduler.busy).toBe(false);
  expect(scheduler.job("b")!.story.entries).toEqual([
    "submitted",
    "waiting -> ready: all inputs are done",
    "ready -> running: given to w1: the only free worker and has 1 of 1 bytes of its inputs",
    "running -> done: finished on w1",
  ]);
});

test("C10: jobs go to idle workers in submission order, one each", () => {
  const { first } = start([plan("a"), plan("b"), plan("c")], { w1: "", w2: "" });
  expect(runs(first)).toEqual(["a@w1", "b@w2"]);
});

test("C14: a job goes where the bytes of its inputs are, then to whoever finished least", () => {
  const { finish, scheduler } = start([plan("a"), plan("b"), plan("c", ["a", "b"])], { w1: "h1", w2: "h2" });
  scheduler.handle({ kind: "finished", worker: "w1", job: "a", digest: "a", size: 10 });
  expect(runs(scheduler.handle({ kind: "finished", worker: "w2", job: "b", digest: "b", size: 20 }))).toEqual(["c@w2"]);
  finish("w2", "c");
  expect(runs(scheduler.handle({ kind: "submitted", jobs: [plan("d")] }))).toEqual(["d@w1"]);
});

test("C10: a job that throws fails with everything that needs it, and nothing else", () => {
  const { scheduler, state } = start([plan("a"), plan("b"), plan("c", ["a"]), plan("d", ["c"])], { w1: "", w2: "" });
  const told = scheduler.handle({ kind: "failed", worker: "w1", job: "a", error: boom });
  expect(told.map((each) => ("job" in each ? `${each.kind} ${each.job}` : each.kind))).toEqual([
    "jobFailed a",
    "jobFailed c",
    "jobFailed d",
  ]);
  expect(["a", "b", "c", "d"].map(state)).toEqual(["failed", "running", "failed", "failed"]);
});

test("C10: a failed job that is submitted again gets another chance", () => {
  const jobs = [plan("a"), plan("b", ["a"])];
  const { scheduler, finish, state } = start(jobs);
  scheduler.handle({ kind: "failed", worker: "w1", job: "a", error: boom });
  expect(runs(scheduler.handle({ kind: "submitted", jobs }))).toEqual(["a@w1"]);
  expect(runs(finish("w1", "a"))).toEqual(["b@w1"]);
  expect([state("a"), state("b")]).toEqual(["done", "running"]);
  expect(scheduler.counts).toEqual({ waiting: 0, ready: 0, queued: 0, running: 1, done: 1, failed: 0 });
});

test("C11: a worker that dies gives its job back; the job runs elsewhere", () => {
  const { scheduler, state } = start([plan("a")], { w1: "h1", w2: "h2" });
  expect(runs(scheduler.handle({ kind: "workerLeft", worker: "w1", hostLost: false }))).toEqual(["a@w2"]);
  expect(state("a")).toBe("running");
});

test("C11: a job whose worker dies while an input is being computed again waits for the input", () => {
  const { scheduler, finish, state } = start([plan("a"), plan("b", ["a"]), plan("c", ["a"])], { w1: "h1", w2: "h2" });
  finish("w1", "a"); // b runs on w1, c on w2
  scheduler.handle({ kind: "inputsMissing", worker: "w2", job: "c", inputs: ["a"], host: "h1" });
  expect([state("a"), state("b"), state("c")]).toEqual(["running", "running", "waiting"]);
  const told = scheduler.handle({ kind: "workerLeft", worker: "w1", hostLost: false });
  expect(state("b")).toBe("waiting");
  expect(runs(told)).toEqual([]);
  expect(runs(finish("w2", "a"))).toEqual(["b@w2"]);
});

test("C11: a job that took down several workers fails and says what ended the last", () => {
  const scheduler = new Scheduler();
  scheduler.handle({ kind: "submitted", jobs: [plan("a")] });
  for (let i = 1; i < MAX_KILLED_WORKERS; i++) {
    expect(runs(scheduler.handle({ kind: "workerJoined", worker: `w${i}`, host: "" }))).toEqual([`a@w${i}`]);
    expect(scheduler.handle({ kind: "workerLeft", worker: `w${i}`, hostLost: false })).toEqual([]);
  }
  scheduler.handle({ kind: "workerJoined", worker: "last", host: "" });
  const error = failure(
    scheduler.handle({ kind: "workerLeft", worker: "last", hostLost: false, reason: "out of memory" }),
  );
  expect(error).toBeInstanceOf(JobKillsWorkersError);
  expect(error.message).toContain("out of memory");
  expect(scheduler.busy).toBe(false);
});

test("C11: a worker that comes back was not taken down by its job", () => {
  const { scheduler, state } = start([plan("a")], { w0: "h0" });
  for (let i = 0; i < 2 * MAX_KILLED_WORKERS; i++) {
    scheduler.handle({ kind: "workerLeft", worker: `w${i}`, hostLost: true, reason: "its link was lost" });
    scheduler.handle({ kind: "workerJoined", worker: `w${i + 1}`, host: "h0", was: `w${i}` });
    expect(state("a")).toBe("running");
  }
  for (let i = 0; i < MAX_KILLED_WORKERS; i++) {
    // one of that name elsewhere is another
    scheduler.handle({ kind: "workerLeft", worker: [...scheduler.workers()][0]!.id, hostLost: true });
    scheduler.handle({ kind: "workerJoined", worker: `x${i}`, host: `h${i + 1}`, was: `x${i - 1}` });
  }
  expect(state("a")).toBe("failed");
});

test("C12: what a lost process held is computed again where something needs it, and only there", () => {
  const jobs = [plan("a"), plan("b", ["a"]), plan("x")];
  const { scheduler, finish, state } = start(jobs, { w1: "h1", w2: "h2" });
  finish("w2", "x");
  finish("w1", "a");
  expect(state("b")).toBe("running");
  const told = scheduler.handle({ kind: "workerLeft", worker: "w1", hostLost: true });
  expect(runs(told)).toEqual(["a@w2"]);
  expect(runs(finish("w2", "a"))).toEqual(["b@w2"]);
  finish("w2", "b");
  expect(["a", "b", "x"].map(state)).toEqual(["done", "done", "done"]);
});

test("C12: a chain of any length is computed again without recursion", () => {
  const length = 30_000;
  const jobs = Array.from({ length }, (_, i) => plan(`j${i}`, i === 0 ? [] : [`j${i - 1}`]));
  const { scheduler } = start(jobs, { w1: "h1" });
  for (const { id } of jobs) scheduler.handle({ kind: "finished", worker: "w1", job: id, digest: id, size: 1 });
  scheduler.handle({ kind: "workerLeft", worker: "w1", hostLost: true });
  expect(scheduler.busy).toBe(false);
  scheduler.handle({ kind: "wanted", job: `j${length - 1}` });
  expect(scheduler.counts).toMatchObject({ ready: 1, waiting: length - 1 });
});

test("C12: a value that is wanted and lost is computed again; one that is there is not", () => {
  const { scheduler, finish } = start([plan("a")], { w1: "h1", w2: "h2" });
  finish("w1", "a");
  expect(scheduler.handle({ kind: "wanted", job: "a" })).toEqual([]);
  scheduler.handle({ kind: "workerLeft", worker: "w1", hostLost: true });
  expect(runs(scheduler.handle({ kind: "wanted", job: "a" }))).toEqual(["a@w2"]);
});

test("C13: other bytes the second time fail the job", () => {
  const { scheduler, finish } = start([plan("a")], { w1: "h1", w2: "h2" });
  finish("w1", "a", "one");
  scheduler.handle({ kind: "workerLeft", worker: "w1", hostLost: true });
  scheduler.handle({ kind: "wanted", job: "a" });
  expect(failure(finish("w2", "a", "two"))).toBeInstanceOf(NondeterministicJobError);
  // and a new dispatch does not make the other bytes right
  scheduler.handle({ kind: "submitted", jobs: [plan("a")] });
  expect(failure(finish("w2", "a", "two"))).toBeInstanceOf(NondeterministicJobError);
});

test("C14: a job with an input that is never copied runs on the worker that holds it, and waits for it", () => {
  const jobs = [plan("a", [], { noCopy: true }), plan("b", ["a"], { pin: "a" }), plan("c", ["a"], { pin: "a" })];
  const { finish } = start(jobs, { w1: "", w2: "" });
  expect(runs(finish("w1", "a"))).toEqual(["b@w1"]);
  expect(runs(finish("w1", "b"))).toEqual(["c@w1"]);
});

test("C14: where the holder dies the value is made again and the pinned job follows it", () => {
  const jobs = [plan("a", [], { noCopy: true }), plan("b", ["a"], { pin: "a" })];
  const { scheduler, finish } = start(jobs, { w1: "", w2: "" });
  finish("w1", "a");
  expect(runs(scheduler.handle({ kind: "workerLeft", worker: "w1", hostLost: false }))).toEqual(["a@w2"]);
  expect(runs(finish("w2", "a"))).toEqual(["b@w2"]);
});

test("C12: a value that could not be fetched from a process is computed elsewhere, though its inputs lie there", () => {
  const { scheduler, finish } = start([plan("a"), plan("b", ["a"]), plan("c", ["b"])], { w1: "h1", w2: "h2" });
  finish("w1", "a");
  expect(runs(finish("w1", "b"))).toEqual(["c@w1"]);
  expect(runs(scheduler.handle({ kind: "workerLeft", worker: "w1", hostLost: false }))).toEqual(["c@w2"]);
  scheduler.handle({ kind: "workerJoined", worker: "w3", host: "h1" });
  const missed = scheduler.handle({ kind: "inputsMissing", worker: "w2", job: "c", inputs: ["b"], host: "h1" });
  expect(runs(missed)).toEqual(["b@w2"]);
});

test("C12: what is pinned to a value in a process that can't be reached is made elsewhere with it", () => {
  const on = { tier: "large" };
  const jobs = [plan("a", [], { noCopy: true }), plan("b", ["a"], { pin: "a" }), plan("c", ["b"], { on })];
  const { scheduler, finish } = start(jobs, { w1: "h1" });
  finish("w1", "a");
  finish("w1", "b");
  expect(runs(scheduler.handle({ kind: "workerJoined", worker: "w2", host: "h2", labels: on }))).toEqual(["c@w2"]);
  const missed = scheduler.handle({ kind: "inputsMissing", worker: "w2", job: "c", inputs: ["b"], host: "h1" });
  expect(runs(missed)).toEqual(["a@w2"]);
  expect(runs(finish("w2", "a"))).toEqual(["b@w2"]);
  expect(runs(finish("w2", "b"))).toEqual(["c@w2"]);
});

test("C12: a value that a client could not fetch is computed again, elsewhere where that can be", () => {
  const { scheduler, finish, state } = start([plan("a"), plan("b", ["a"])], { w1: "h1", w2: "h2" });
  finish("w1", "a");
  finish("w1", "b");
  expect(scheduler.handle({ kind: "unfetched", job: "b", host: "h1", worker: undefined })).toEqual([]);
  expect(state("b")).toBe("done"); // nobody needs it yet
  expect(runs(scheduler.handle({ kind: "wanted", job: "b" }))).toEqual(["b@w2"]);
  finish("w2", "b");
  expect(runs(scheduler.handle({ kind: "wanted", job: "b", inside: true }))).toEqual([]);
  scheduler.handle({ kind: "workerLeft", worker: "w2", hostLost: false });
  expect(runs(scheduler.handle({ kind: "wanted", job: "b" }))).toEqual([]);
  expect(runs(scheduler.handle({ kind: "wanted", job: "b", inside: true }))).toEqual(["b@w1"]);
});

test("C11: inputs that can never be fetched end in an error, not in a loop", () => {
  const { scheduler, finish } = start([plan("a"), plan("b", ["a"])], { w1: "h1" });
  let told = finish("w1", "a");
  for (let i = 1; i <= MAX_MISSES; i++) {
    expect(runs(told)).toEqual(["b@w1"]);
    told = scheduler.handle({ kind: "inputsMissing", worker: "w1", job: "b", inputs: ["a"], host: "h1" });
    if (i < MAX_MISSES) told = finish("w1", "a");
  }
  expect(failure(told)).toBeInstanceOf(ValueLostError);
  expect(scheduler.job("b")!.state).toBe("failed");
});

test("C10: late and repeated news of a worker change nothing", () => {
  const { scheduler, finish, state } = start([plan("a"), plan("b"), plan("c")]);
  finish("w1", "a");
  const before = runs(finish("w1", "a"));
  expect(before).toEqual([]);
  for (const kind of ["failed", "inputsMissing"] as const) {
    const event = kind === "failed" ? { kind, error: boom } : { kind, inputs: ["b"], host: "" };
    expect(scheduler.handle({ ...event, worker: "w1", job: "a" })).toEqual([]);
    expect(scheduler.handle({ ...event, worker: "gone", job: "b" })).toEqual([]);
    expect(scheduler.handle({ ...event, worker: "w1", job: "unknown" })).toEqual([]);
  }
  expect(["a", "b", "c"].map(state)).toEqual(["done", "running", "ready"]);
});

test("C15: jobs that no worker can take fail when told so, with what waits for them", () => {
  const { scheduler, state } = start([plan("a"), plan("b", ["a"])], {});
  expect(failure(scheduler.handle({ kind: "noWorkers" }))).toBeInstanceOf(NoWorkersError);
  expect([state("a"), state("b")]).toEqual(["failed", "failed"]);
});

test("C10: every transition that is not in the table throws with the job's story", () => {
  const states = Object.keys(JOB_TRANSITIONS) as JobState[];
  for (const from of states) {
    for (const to of states) {
      const job = new Job(plan("a"), 0);
      job.story.add("submitted");
      job.state = from;
      if (JOB_TRANSITIONS[from][to] !== undefined) {
        job.move(to, "why");
        expect(job.state).toBe(to);
      } else expect(() => job.move(to, "why")).toThrow(/can't go from .* Its story: submitted/);
    }
  }
});

test("C10: every transition of a worker that is not in the table throws with the worker's story", () => {
  const states = Object.keys(WORKER_TRANSITIONS) as WorkerState[];
  for (const from of states) {
    for (const to of states) {
      const worker = new WorkerEntry("w1", "");
      worker.state = from;
      if (WORKER_TRANSITIONS[from][to] !== undefined) {
        worker.move(to, "why");
        expect(worker.state).toBe(to);
      } else expect(() => worker.move(to, "why")).toThrow(/Worker w1 can't go from .* Its story: joined/);
    }
  }
});

test("C18: a story keeps its last 50 entries and says how many there were", () => {
  const story = new Story();
  for (let i = 0; i < 1234; i++) story.add(`entry ${i}`);
  expect(story.length).toBe(1234);
  expect(story.entries).toHaveLength(50);
  expect(story.entries.at(-1)).toBe("entry 1233");
  expect(`${story}`).toMatch(/^\(1184 entries before\); entry 1184; /);
});

const held = (job: string, digest = job) => ({ job, digest, size: 1 });

test("C19: a worker that joins with values it holds: their jobs are done, and what waited for them goes on", () => {
  const jobs = [plan("a"), plan("b", ["a"]), plan("c", ["b"])];
  const { scheduler, state } = start(jobs, {});
  const told = scheduler.handle({
    kind: "workerJoined",
    worker: "w1",
    host: "h1",
    held: [held("a"), held("b"), held("unknown")],
  });
  expect(told.map((each) => `${each.kind} ${"job" in each ? each.job : ""}`)).toEqual([
    "done a",
    "done b",
    "run c",
    "begin c",
  ]);
  expect(["a", "b", "c"].map(state)).toEqual(["done", "done", "running"]);
});

test("C70: a job that a worker computes as it comes back runs on there, also where another would be chosen", () => {
  const scheduler = new Scheduler(true);
  scheduler.handle({ kind: "submitted", jobs: [plan("a"), plan("b")] });
  scheduler.handle({ kind: "workerJoined", worker: "w1", host: "h1", running: ["b"] });
  scheduler.handle({ kind: "workerJoined", worker: "w2", host: "h2", running: ["a", "gone"] });
  expect(runs(scheduler.handle({ kind: "returned" })).sort()).toEqual(["a@w2", "b@w1"]);
});

test("C19 C104: what a worker held when its job was not known yet counts once the job is submitted", () => {
  const scheduler = new Scheduler();
  scheduler.handle({ kind: "workerJoined", worker: "w1", host: "h1", held: [held("a"), held("b")] });
  scheduler.handle({ kind: "workerJoined", worker: "w2", host: "h2", held: [held("a")] });
  scheduler.handle({ kind: "brought", worker: "w1", host: "h1", held: [held("c")] });
  const jobs = [plan("a"), plan("b", ["a"]), plan("c"), plan("d", ["b", "c"])];
  expect(runs(scheduler.handle({ kind: "submitted", jobs }))).toEqual(["d@w1"]);
  expect(["a", "b", "c"].map((id) => scheduler.job(id)!.state)).toEqual(["done", "done", "done"]);
  expect([...scheduler.job("a")!.hosts].sort()).toEqual(["h1", "h2"]);
});

test("C104: a job that can't run where it was sent is done where a worker came back with its value meanwhile", () => {
  const scheduler = new Scheduler();
  const jobs = [plan("a"), plan("b", ["a"]), plan("c", ["b"])];
  scheduler.handle({ kind: "workerJoined", worker: "w1", host: "h1", held: [held("a")] });
  expect(runs(scheduler.handle({ kind: "submitted", jobs }))).toEqual(["b@w1"]);
  scheduler.handle({ kind: "workerJoined", worker: "w2", host: "h2", held: [held("a"), held("b")] });
  const told = scheduler.handle({ kind: "inputsMissing", worker: "w1", job: "b", inputs: ["a"], host: "h1" });
  expect(told.filter(({ kind }) => kind === "done")).toMatchObject([{ job: "b" }]);
  expect(runs(told)).toEqual(["c@w2"]);
});

test("C104: what was held by a worker that is gone by then is nobody's", () => {
  const scheduler = new Scheduler();
  scheduler.handle({ kind: "workerJoined", worker: "w1", host: "h1", held: [held("a")] });
  scheduler.handle({ kind: "workerLeft", worker: "w1", hostLost: true });
  scheduler.handle({ kind: "workerJoined", worker: "w2", host: "h2" });
  expect(runs(scheduler.handle({ kind: "submitted", jobs: [plan("a")] }))).toEqual(["a@w2"]);
});

test("C19: what a joining worker holds of a job whose digest is known must be those bytes, or the run stops", () => {
  const scheduler = new Scheduler();
  const jobs = [plan("a"), plan("b", ["a"])];
  scheduler.handle({ kind: "submitted", jobs, digests: new Map([["a", "one"]]) });
  const join = (worker: string, digest: string) =>
    scheduler.handle({ kind: "workerJoined", worker, host: worker, held: [held("a", digest)] });
  expect(runs(join("w1", "one"))).toEqual(["b@w1"]);
  const error = failure(join("w2", "two"));
  expect(error).toBeInstanceOf(NondeterministicJobError);
  expect(["a", "b"].map((id) => scheduler.job(id)!.state)).toEqual(["failed", "running"]);
});

test("C19: a job that is said to have given a digest before must give it again", () => {
  const scheduler = new Scheduler();
  scheduler.handle({ kind: "submitted", jobs: [plan("a")], digests: new Map([["a", "one"]]) });
  scheduler.handle({ kind: "workerJoined", worker: "w1", host: "" });
  const told = scheduler.handle({ kind: "finished", worker: "w1", job: "a", digest: "two", size: 1 });
  expect(failure(told)).toBeInstanceOf(NondeterministicJobError);
});
