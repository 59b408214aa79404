import { readdirSync } from "node:fs";
import { join } from "node:path";
import { startS3 } from "@graphvm/testing";
import { expect, test } from "vitest";
import { fixture, graphvm, graphvmJson, type RunOptions, startMaster, testFolder } from "./helpers.js";

const WORDS = fixture("words.ts");
const RECORDED = /^recorded \d+ calls, .*: (\S+\.gvr) \(prove it with: graphvm replay \1\)\n$/;

function environment(url: string): RunOptions & { readonly env: Readonly<Record<string, string>> } {
  const env = {
    ...{ AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1" },
  };
  return { env };
}

test("R32: SIGTERM: jobs drain, the session's recording goes to S3, and is replayed from there", async () => {
  const { path, leftovers } = testFolder();
  await using server = await startS3("audit");
  const options = environment(server.url);
  const master = await startMaster(path, ["--record", "s3://audit/2031", "--author", "desk"], options);
  expect((await graphvm(["run", WORDS, "--master", master.url], path)).code).toBe(0);
  master.child.kill("SIGTERM");
  const ended = await master.ended;
  expect(ended).toMatchObject({ code: 143, stderr: expect.stringMatching(RECORDED) });
  const [, uri] = RECORDED.exec(ended.stderr)!;
  expect([...server.buckets.get("audit")!.keys()].map((key) => `s3://audit/${key}`)).toEqual([uri]);
  const replayed = await graphvm(["replay", uri!, "--yes"], path, options);
  expect(replayed).toMatchObject({ code: 0, stdout: expect.stringContaining("equal") });
  expect(leftovers()).toEqual([]);
});

test("R32: Ctrl-C and graphvm stop archive too, in a folder; a client's recording is its own", {
  timeout: 180_000,
}, async () => {
  const { path, leftovers } = testFolder();
  for (const end of ["SIGINT", "stop"] as const) {
    const master = await startMaster(path, ["--record", "kept", "--capture", "inputs", "--record-label", "desk=rates"]);
    await graphvm(["run", WORDS, "--master", master.url, "--record", `${end}.gvr`], path);
    if (end === "stop") await graphvm(["stop", "--master", master.url], path);
    else master.child.kill("SIGINT");
    const code = end === "stop" ? 0 : 130;
    expect(await master.ended).toMatchObject({ code, stderr: expect.stringMatching(RECORDED) });
  }
  expect(readdirSync(path).sort()).toEqual(["SIGINT.gvr", "kept", "stop.gvr", "temp"]);
  const { json } = await graphvmJson(["recording", "ls", "kept"], path);
  expect(json.recordings).toEqual([
    expect.objectContaining({ labels: { desk: "rates" }, capture: ["inputs"] }),
    expect.objectContaining({ labels: { desk: "rates" }, capture: ["inputs"] }),
  ]);
  expect(leftovers()).toEqual([]);
});

test.each(["SIGTERM", "stop"] as const)(
  "R32: %s, and the bucket is gone: the recording is kept here, exit 1",
  async (end) => {
    const { path } = testFolder();
    await using server = await startS3("audit");
    const master = await startMaster(path, ["--record", "s3://audit/2031"], environment(server.url));
    await graphvm(["run", WORDS, "--master", master.url], path);
    server.buckets.delete("audit");
    if (end === "stop") await graphvm(["stop", "--master", master.url], path);
    else master.child.kill("SIGTERM");
    const { code, stderr } = await master.ended;
    const [name] = readdirSync(path).filter((each) => each.endsWith(".gvr"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^GVM3514: The recording did not get to s3:\/\/audit\/2031\/.*no bucket.*\n$/);
    expect(stderr).toContain(`it is kept at ${join(path, name!)}`);
    expect((await graphvm(["recording", "verify", name!], path)).code).toBe(0);
  },
);

test("R32: a place nobody can write to, and flags about no recording, are refused at once: exit 2", async () => {
  const { path } = testFolder();
  await using server = await startS3("audit");
  server.faults.refuse = { status: 403, code: "AccessDenied" };
  const start = (...args: string[]) =>
    graphvm(["start-master", "--port", "0", "--workers", "0", ...args], path, environment(server.url));
  for (const [args, said] of [
    [["--record", "s3://audit/x"], /^GVM4104: /],
    [["--record", "nfs://audit/x"], /^GVM4110: /],
    [["--capture", "inputs"], /add --record/],
    [["--record", "here", "--lock-days", "3"], /object lock/],
    [["--record", "here", "--lock-days", "0"], /whole number/],
  ] as const) {
    expect(await start(...args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(said) });
  }
});
