import { existsSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { graphvm, graphvmJson, Running, startMaster, testFolder } from "../helpers.js";
import { graphvmTool, KUBECTL, KUBECTL_PROGRAM, SLURM, toolFolder } from "../provision/tools.js";

/** Two jobs that wait until the file `go` is there. */
const SLOW = `import { existsSync } from "node:fs";
import { apply, namespace, rule } from "graphvm";
async function slow(folder, i) {
  while (!existsSync(folder + "/go")) await new Promise((done) => setTimeout(done, 10));
  return i;
}
const waits = namespace("waits", { slow: rule((folder, i) => apply(slow, folder, i)()) });
export const main = [0, 1].map((i) => waits.slow(process.cwd(), i));
`;

const BIN = fileURLToPath(new URL("../../bin/graphvm.js", import.meta.url));

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 30_000; !(await holds()); ) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** A master without workers, a pool for it, and how many workers have joined. */
async function pool(args: readonly string[], tools?: { readonly [name: string]: string }) {
  const { path, leftovers } = testFolder();
  writeFileSync(join(path, "slow.ts"), SLOW);
  const bin = tools && toolFolder(path, { graphvm: graphvmTool(BIN), ...tools });
  const env = bin === undefined ? {} : { PATH: `${bin}:${process.env.PATH}` };
  const master = await startMaster(path, ["--workers", "0"]);
  const at = ["--master", master.url];
  const workers = new Running(
    ["workers", ...at, "--idle-seconds", "1", "--every", "0.1", "--max", "2", ...args],
    path,
    { env },
  );
  const joined = async (): Promise<readonly { labels: Record<string, string> }[]> =>
    (await graphvmJson(["status", ...at], path)).json.workers as [];
  return { path, leftovers, at, env, workers, master, joined };
}

test("C152 C153: a pool of local workers grows from none to two for a run that waits, and shrinks to none when it is idle", async () => {
  const { path, at, workers, master, joined, leftovers } = await pool(["--provision", "local", "--label", "room=7"]);
  const run = graphvm(["run", "slow.ts", ...at], path);
  await until("two workers are there", async () => (await joined()).length === 2);
  expect((await joined()).map(({ labels }) => labels)).toEqual(
    expect.arrayContaining([1, 2].map((i) => ({ room: "7", provision: `graphvm-${i}` }))),
  );
  writeFileSync(join(path, "go"), "");
  expect(await run).toMatchObject({ code: 0 });
  await until("none is there", async () => (await joined()).length === 0);
  expect(workers.stdout).toMatch(/started graphvm-1, graphvm-2: 2 jobs waiting, 0 workers busy, 2 wanted\n/);
  expect(workers.stdout).toMatch(/stopped graphvm-[12], graphvm-[12]: 0 jobs waiting/);
  workers.child.kill("SIGTERM");
  expect(await workers.ended).toMatchObject({ code: 143, stderr: "" });
  await graphvm(["stop", ...at], path);
  await master.ended;
  expect(leftovers()).toEqual([]);
});

test("C153: a pool that is told to end lets its workers leave in order", async () => {
  const { path, at, workers, joined } = await pool(["--provision", "local", "--min", "1", "--drain-seconds", "3"]);
  await until("a worker is there", async () => (await joined()).length === 1);
  const run = graphvm(["run", "slow.ts", ...at], path);
  await until("both run", async () => (await joined()).length === 2);
  workers.child.kill("SIGTERM");
  await until("they leave", async () => (await graphvm(["status", ...at], path)).stdout.includes("draining"));
  writeFileSync(join(path, "go"), "");
  expect((await workers.ended).code).toBe(143);
  await until("they left", async () => (await joined()).length === 0);
  // what was computed is kept by nobody, and computed again where a worker comes
  const last = new Running(["start-worker", ...at], path);
  expect(await run).toMatchObject({ code: 0 });
  await graphvm(["stop", ...at], path);
  await last.ended;
});

test("C155: Slurm jobs wait for room, run a worker each, drain on scancel; what is refused is said and tried again", async () => {
  const args = ["--provision", "slurm", "--sbatch=--partition=long", "--memory", "2GB", "--plane", "eu"];
  const { path, at, workers, joined } = await pool(args, SLURM);
  const state = join(path, "state");
  writeFileSync(join(state, "down"), "");
  const run = graphvm(["run", "slow.ts", ...at], path);
  await workers.says(/GVM|Unable to contact slurm controller/);
  unlinkSync(join(state, "down"));
  await until("two jobs are queued", () => readdirSync(state).filter((file) => file.endsWith(".state")).length === 2);
  expect(await joined()).toEqual([]);
  const script = readFileSync(join(state, "101.sh"), "utf8");
  expect(script).toMatch(/^#SBATCH --job-name=graphvm-eu-\d+$/m);
  expect(script).toContain("#SBATCH --mem=3000M\n");
  expect(script).toMatch(
    /^exec graphvm start-worker --master ws:\S+ --plane eu --label provision=graphvm-eu-\d+ .* --host "\$\(hostname\)"$/m,
  );
  expect(readFileSync(join(state, "101.args"), "utf8")).toBe("--parsable --partition=long\n");
  workers.child.kill("SIGTERM");
  expect((await workers.ended).code).toBe(143);
  // they had not begun: plain scancel takes them from the queue
  expect(readFileSync(join(state, "scancel"), "utf8")).toBe("101\n102\n");
  writeFileSync(join(path, "go"), "");
  const last = new Running(["start-worker", ...at], path);
  expect(await run).toMatchObject({ code: 0 });
  await graphvm(["stop", ...at], path);
  await last.ended;
});

test("C155: a Slurm worker that runs is sent SIGTERM by scancel, and the job ends by itself", async () => {
  const { path, at, workers, joined } = await pool(["--provision", "slurm"], {
    ...SLURM,
    hostname: "echo 127.0.0.1\n",
  });
  const state = join(path, "state");
  writeFileSync(join(state, "room"), "");
  const run = graphvm(["run", "slow.ts", ...at], path);
  await until("two workers are there", async () => (await joined()).length === 2);
  writeFileSync(join(path, "go"), "");
  expect(await run).toMatchObject({ code: 0 });
  await until("none is there", async () => (await joined()).length === 0);
  await until("the jobs ended", () => existsSync(join(state, "101.code")) && existsSync(join(state, "102.code")));
  expect(readFileSync(join(state, "101.code"), "utf8")).toBe("143\n");
  expect(readFileSync(join(state, "scancel"), "utf8")).toMatch(/^(--batch --signal=TERM 10[12]\n){2}$/);
  await graphvm(["stop", ...at], path);
  expect((await workers.ended).code).toBe(1); // the master is gone, and that was not said to it
});

test("C156: Kubernetes Jobs are created, listed by their pool and deleted", async () => {
  const args = ["--provision", "kubernetes", "--image", "registry/graphvm:1", "--namespace", "work"];
  const { path, at, workers, joined } = await pool(args, KUBECTL);
  writeFileSync(join(path, "bin/kubectl.mjs"), KUBECTL_PROGRAM);
  const run = graphvm(["run", "slow.ts", ...at], path);
  await until("two workers are there", async () => (await joined()).length === 2);
  const calls = (): string => readFileSync(join(path, "state/calls"), "utf8");
  expect(calls()).toContain("get jobs --selector=graphvm.dev/pool=graphvm --output=json --namespace=work\n");
  writeFileSync(join(path, "go"), "");
  expect(await run).toMatchObject({ code: 0 });
  await until("none is there", async () => (await joined()).length === 0);
  expect(calls()).toContain(
    "delete job graphvm-1 --ignore-not-found --wait=false --cascade=background --namespace=work\n",
  );
  workers.child.kill("SIGINT");
  expect((await workers.ended).code).toBe(130);
  await graphvm(["stop", ...at], path);
});

test("C155 C156: without sbatch or kubectl, an image or a name that fits, the command says so and starts nothing", async () => {
  const { path } = testFolder();
  const bin = toolFolder(path, {});
  const refused = (...args: string[]) => graphvm(["workers", ...args], path, { env: { PATH: bin } });
  expect(await refused("--provision", "slurm")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^GVM6006: .*squeue/),
  });
  expect(await refused("--provision", "kubernetes", "--image", "x")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^GVM6006: .*kubectl/),
  });
  expect((await refused("--provision", "kubernetes")).stderr).toMatch(/^GVM6001: .*--image/);
  expect((await refused("--provision", "local", "--pool", "My Pool")).stderr).toMatch(/^GVM6001: .*My Pool/);
  expect((await refused("--provision", "local", "--min", "3", "--max", "2")).stderr).toMatch(/^GVM6001: /);
  expect((await refused("--provision", "slurm", "--fabric", "nats://me:secret@h:4222")).stderr).toMatch(
    /^GVM6001: .*creds/,
  );
  expect((await refused("--provision", "cloud")).stderr).toMatch(/^GVM6001: .*local, slurm, kubernetes/);
});

test("C157: --dry-run prints what would be started, with the settings of the config, and starts nothing", async () => {
  const { path } = testFolder();
  writeFileSync(
    join(path, "graphvm.config.ts"),
    `export default { planes: { eu: { volumes: { data: "/srv/data" }, exports: { maxBytes: 99 } } },
      tiers: { large: { memory: "8GB", threads: 4, labels: { gpu: "a100" } } } };`,
  );
  const master = await startMaster(path, ["--workers", "0"]);
  const at = ["--master", master.url, "--plane", "eu", "--tier", "large", "--dry-run", "--min", "2"];
  const dry = await graphvmJson(["workers", "--provision", "local", ...at], path);
  expect(dry.json).toEqual({
    pool: "graphvm-eu-large",
    workers: 2,
    start: `graphvm start-worker --master ${master.url} --plane eu --label tier=large --label gpu=a100 --label provision=graphvm-eu-large-1 --memory 8000000000 --threads 4 --volume data=/srv/data --export-bytes 99 --drain-seconds 30`,
  });
  const slurm = await graphvm(["workers", "--provision", "slurm", ...at], path);
  expect(slurm).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("#SBATCH --cpus-per-task=4\n#SBATCH --mem=9000M"),
  });
  const job = await graphvm(["workers", "--provision", "kubernetes", "--image", "i", ...at], path);
  expect(job.stdout).toContain('"kind": "Job"');
  expect((await graphvmJson(["status", "--master", master.url], path)).json.workers).toEqual([]);
  await graphvm(["stop", "--master", master.url], path);
});
