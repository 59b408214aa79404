import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Authority } from "../../cluster/test/tls/certificates.js";
import { graphvm, graphvmJson, Running, startMaster, testFolder } from "./helpers.js";

/** Writes files that only their owner can read. */
function secrets(path: string, files: { readonly [name: string]: string }): void {
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(path, name), text);
    chmodSync(join(path, name), 0o600);
  }
}

test("C61: each role has its token, from a file or a variable", async () => {
  const { path } = testFolder();
  secrets(path, { operator: "operators-token\n", worker: "workers-token\n" });
  const files = ["--operator-token-file", "operator", "--worker-token-file", "worker"];
  const master = await startMaster(path, files, { env: { GRAPHVM_AUDITOR_TOKEN: "auditors-token" } });
  const to = ["--master", master.url];
  const status = async (env: Record<string, string>) => graphvm(["status", ...to], path, { env });
  for (const env of [{ GRAPHVM_TOKEN: "operators-token" }, { GRAPHVM_AUDITOR_TOKEN: "auditors-token" }])
    expect((await status(env as Record<string, string>)).code).toBe(0);
  expect((await status({ GRAPHVM_TOKEN: "workers-token" })).stderr).toMatch(/^GVM3203: .*another role/);
  expect((await graphvm(["stop", ...to], path, { env: { GRAPHVM_TOKEN: "auditors-token" } })).stderr).toMatch(
    /^GVM3203: This is an auditor's token, and endCluster needs the operator's/,
  );
  const worker = new Running(["start-worker", ...to], path, { env: { GRAPHVM_WORKER_TOKEN: "workers-token" } });
  await worker.says("graphvm worker");
  expect((await graphvm(["start-worker", ...to, "--token-file", "operator"], path)).stderr).toMatch(/^GVM3203: /);
  expect((await graphvm(["stop", ...to, "--token-file", "operator"], path)).code).toBe(0);
  const log = (await master.ended).stderr.trim().split("\n");
  expect(log.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    expect.stringMatching(/^refused 127\.0\.0\.1:\d+ at \/: role$/),
    expect.stringMatching(/^refused 127\.0\.0\.1:\d+ at \/worker: role$/),
  ]);
  expect((await worker.ended).code).toBe(0);
});

test.runIf(process.platform !== "win32")("C63: a token or key that others can read is said", async () => {
  const { path } = testFolder();
  secrets(path, { token: "a-token" });
  const to = ["status", "--master", "ws://127.0.0.1:9", "--token-file", "token"];
  expect((await graphvm(to, path)).stderr).not.toContain("warning");
  chmodSync(join(path, "token"), 0o644);
  expect((await graphvm(to, path)).stderr).toMatch(/^warning: others on this machine can read the token file token/);
  expect((await graphvmJson(to, path)).code).toBe(1);
});

test("C64: a cluster with certificates on both sides, from the command line", async () => {
  const { path } = testFolder();
  const authority = new Authority();
  const master = authority.issue();
  const client = authority.issue();
  secrets(path, { ca: authority.cert, cert: master.cert, key: master.key, "c-cert": client.cert, "c-key": client.key });
  const server = ["--tls-cert", "cert", "--tls-key", "key", "--tls-client-ca", "ca", "--workers", "0"];
  const running = await startMaster(path, server);
  expect(running.url).toMatch(/^wss:/);
  const to = ["--master", running.url, "--tls-ca", "ca"];
  const shown = ["--tls-cert", "c-cert", "--tls-key", "c-key"];
  expect((await graphvm(["status", "--master", running.url], path)).stderr).toMatch(/^GVM3208: .*--tls-ca/);
  expect((await graphvm(["status", ...to], path)).stderr).toMatch(/^GVM3203: .*--tls-cert/);
  const worker = new Running(["start-worker", ...to, ...shown, "--tls-client-ca", "ca"], path);
  await worker.says("graphvm worker");
  const known = await graphvm(["status", "--master", running.url, ...shown], path, {
    env: { NODE_EXTRA_CA_CERTS: join(path, "ca") },
  });
  expect(known).toMatchObject({ code: 0, stdout: expect.stringContaining("workers    1") });
  expect((await graphvm(["stop", ...to, ...shown], path)).code).toBe(0);
});

test.each([
  [["status", "--tls-cert", "x"], "GVM6001", "go together"],
  [["start-master", "--tls-client-ca", "x"], "GVM6005", "x can't be read"],
  [["start-master", "--tls-client-ca", "pem"], "GVM6001", "give --tls-cert"],
  [["start-master", "--tls-cert", "pem", "--tls-key", "pem"], "GVM3208", "PEM"],
  [["start-master", "--token-file", "pem", "--operator-token-file", "pem"], "GVM6001", "are the same"],
  [["start-master", "--auditor-token-file", "pem"], "GVM3206", "operator needs one too"],
])("C61 C64: %j is refused and says what to do", async (args, code, says) => {
  const { path } = testFolder();
  secrets(path, { pem: "no certificate" });
  const { json } = await graphvmJson(args, path);
  expect(json.error).toMatchObject({ code, message: expect.stringContaining(says) });
});
