import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect, openRecording, replayRecording, startMaster } from "@graphvm/cluster";
import { recordedWait } from "@graphvm/cluster/internal";
import { disposableCluster } from "@graphvm/testing";
import "graphvm/ml";
import { readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { gone, pidIn, python, pythonTest, until } from "../../ml/test/python-support.js";
import { describeRecording } from "../dist/recorded/describe.js";
import { testFolder } from "./helpers.js";

type Fixture = typeof import("./fixtures/python-models.js");
const FIXTURE = fileURLToPath(new URL("./fixtures/python-models.ts", import.meta.url));

async function recorded(workers: {
  threads: number;
  sockets?: number;
}): Promise<{ value: unknown; bytes: Uint8Array }> {
  await using cluster = await disposableCluster({ ...workers, seed: 3, strict: true });
  const { session } = cluster;
  const { demo, CUT } = await session.load<Fixture>(FIXTURE);
  await session.setRecording(true);
  const jobs = await session.jobDeps([demo.scores()], { cut: CUT });
  await session.dispatchJobs(jobs);
  await session.wait();
  const value = await session.getData(demo.scores());
  return { value, bytes: await (await session.getRecording()).bytes };
}

const commandFolders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("graphvm-command-"));

const digestsIn = (bytes: Uint8Array): Map<string, string> => {
  const recording = openRecording(bytes);
  const waits = recording.lines.filter(({ method }) => method === "wait");
  return new Map(
    waits.flatMap((line) => recordedWait(line, recording).jobs.map(({ id, digest }) => [id, digest] as const)),
  );
};

pythonTest(
  "P15 R35: one worker and three give equal bytes; the recording has the versions, and replays equal",
  { timeout: 300_000 },
  async () => {
    const one = await recorded({ threads: 1 });
    const three = await recorded({ threads: 2, sockets: 1 });
    expect(three.value).toEqual(one.value);
    const digests = digestsIn(one.bytes);
    expect(digests.size).toBe(10);
    expect(digestsIn(three.bytes)).toEqual(digests);
    expect(await replayRecording({ workers: 2 }, three.bytes)).toMatchObject({
      verdict: "equal",
      diverged: 0,
      warnings: [],
    });
    const recording = openRecording(one.bytes);
    expect(describeRecording("one.gvr", one.bytes.length, recording)).toMatch(
      /ran with: .*lightgbm \d.*python 3\.\d+\.\d+/,
    );
  },
);

pythonTest("P11: a job that is killed ends with its Python", { timeout: 60_000 }, async () => {
  const { path } = testFolder();
  const marker = join(path, "pid");
  await using cluster = await disposableCluster({ threads: 1 });
  const { demo, CUT } = await cluster.session.load<Fixture>(FIXTURE);
  // long enough for Python to load its packages on a busy machine
  await cluster.session.dispatchJobs(await cluster.session.jobDeps([demo.slow(marker)], { cut: CUT }), { timeout: 20 });
  const waiting = cluster.session.wait().catch((error: unknown) => error);
  const pid = await pidIn(marker);
  await cluster.session.initGraph();
  await waiting;
  await gone(pid);
});

pythonTest(
  "P11: a job whose Python died is tried again as often as its dispatch says",
  { timeout: 120_000 },
  async () => {
    const { path } = testFolder();
    await using cluster = await disposableCluster({ threads: 1 });
    const { session } = cluster;
    const { demo, CUT } = await session.load<Fixture>(FIXTURE);
    const once = (name: string) => session.jobDeps([demo.once(join(path, name))], { cut: CUT });
    await session.dispatchJobs(await once("a"), { retries: 1 });
    expect((await session.wait()).length).toBe(2);
    await session.dispatchJobs(await once("b"));
    await expect(session.wait()).rejects.toMatchObject({ code: "GVM5063", fields: { rule: "demo.once" } });
  },
);

test("P24: a command ends with the thread that ran it", { timeout: 60_000 }, async () => {
  const { path } = testFolder();
  const marker = join(path, "pid");
  const before = commandFolders();
  await using cluster = await disposableCluster({ threads: 1 });
  const { demo, CUT } = await cluster.session.load<Fixture>(FIXTURE);
  await cluster.session.dispatchJobs(await cluster.session.jobDeps([demo.endless(marker)], { cut: CUT }), {
    timeout: 30,
  });
  const waiting = cluster.session.wait().catch((error: unknown) => error);
  const pid = await pidIn(marker);
  // jobs whose time is limited are killed when the graph is emptied
  await cluster.session.initGraph();
  await waiting;
  await gone(pid);
  await until(() => commandFolders().every((name) => before.includes(name)));
});

test("P20 R35: a command is recorded with its program's sha-256; another program there is named when bytes differ", {
  timeout: 60_000,
}, async () => {
  const { path } = testFolder();
  const before = process.env.PATH;
  const record = async (): Promise<Uint8Array> => {
    await using master = await startMaster({ port: 0, workers: 1, strict: true });
    await using session = await connect(master.url);
    const { demo, CUT } = await session.load<Fixture>(FIXTURE);
    await session.setRecording(true);
    await session.dispatchJobs(await session.jobDeps([demo.sorted()], { cut: CUT }));
    const outcomes = await session.wait();
    expect(outcomes.find(({ rule }) => rule === "command.run")?.tools).toEqual({
      sort: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect(Buffer.from(await session.getData(demo.sorted())).toString()).toBe("a\nb\nc\n");
    return (await session.getRecording()).bytes;
  };
  const bytes = await record();
  expect(await replayRecording({ workers: 1 }, bytes)).toMatchObject({ verdict: "equal", warnings: [] });
  try {
    process.env.PATH = `${path}:${before}`;
    writeFileSync(join(path, "sort"), "#!/bin/sh\nexec cat in.txt\n", { mode: 0o755 });
    const report = await replayRecording({ workers: 1 }, bytes);
    expect(report).toMatchObject({
      verdict: "diverged",
      first: {
        cause: "environment",
        rule: "command.run",
        why: expect.stringMatching(/^recorded with sort sha256:\w+, replayed with sha256:/),
      },
    });
    writeFileSync(join(path, "sort"), `#!/bin/sh\n# another one that sorts\nexec /usr/bin/sort "$@"\n`, {
      mode: 0o755,
    });
    const equal = await replayRecording({ workers: 1 }, bytes);
    expect(equal).toMatchObject({
      verdict: "equal",
      warnings: [expect.stringContaining("recorded with sort sha256:")],
    });
  } finally {
    process.env.PATH = before;
  }
});

pythonTest(
  "P16 R35: a replay with other packages names them; without Python it names that",
  { timeout: 300_000 },
  async () => {
    const { path } = testFolder();
    const { bytes } = await recorded({ threads: 1 });
    const before = process.env.GRAPHVM_PYTHON;
    try {
      // the same Python that says it is another
      const shim = join(path, "python");
      writeFileSync(
        join(path, "sitecustomize.py"),
        [
          "import importlib.metadata as metadata, platform",
          "platform.python_version = lambda: '3.99.0'",
          "version = metadata.version",
          "metadata.version = lambda name: '0.9' if name == 'scikit-learn' else version(name)",
          "",
        ].join("\n"),
      );
      writeFileSync(shim, `#!/bin/sh\nPYTHONPATH=${path} exec ${python} "$@"\n`, { mode: 0o755 });
      process.env.GRAPHVM_PYTHON = shim;
      const other = await replayRecording({ workers: 1 }, bytes);
      expect(other).toMatchObject({ verdict: "diverged", first: { cause: "environment", rule: "py.train" } });
      expect(other.first!.why).toContain("replayed with 3.99.0");
      expect(other.first!.why).toContain("replayed with 0.9");
      process.env.GRAPHVM_PYTHON = join(path, "nothing");
      const none = await replayRecording({ workers: 1 }, bytes);
      expect(none).toMatchObject({ verdict: "diverged", first: { cause: "environment" } });
      expect(none.first!.why).toContain("GRAPHVM_PYTHON is ");
    } finally {
      process.env.GRAPHVM_PYTHON = before;
    }
  },
);
