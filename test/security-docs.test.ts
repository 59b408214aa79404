import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, connectWorker, startMaster } from "@graphvm/cluster";
import { METHOD_ROLES } from "@graphvm/cluster/internal";
import { expect, onTestFinished, test } from "vitest";
import { allLimits } from "../packages/cluster/dist/transport/limits.js";

const page = readFileSync(new URL("../docs/security.md", import.meta.url), "utf8");
const openssl = spawnSync("openssl", ["version"]).status === 0;
if (!openssl) console.warn("skipped: the certificates of docs/security.md, openssl is not there");

test.skipIf(!openssl)("C64: the certificates that docs/security.md makes work", async () => {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-docs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [, recipe] = /```sh\n([\s\S]*?)```/.exec(page) ?? [];
  execFileSync("sh", ["-ec", recipe!], { cwd: folder, stdio: "pipe" });
  const file = (name: string): string => readFileSync(join(folder, name), "utf8");
  const ca = file("ca.pem");
  const machine = { cert: file("machine.pem"), key: file("machine.key") };
  await using master = await startMaster({ port: 0, workers: 0, tls: { ...machine, clientCa: ca } });
  await using _worker = await connectWorker({ master: master.url, tls: { ca, ...machine, clientCa: ca } });
  const tls = { ca, cert: file("client.pem"), key: file("client.key") };
  await using session = await connect(master.url, { tls });
  expect((await session.status()).workers).toHaveLength(1);
});

test("C65: docs/security.md names every limit with its default", () => {
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (\d+) /gm)].map(([, name, value]) => [name, Number(value)]);
  expect(Object.fromEntries(rows)).toEqual(allLimits());
});

test("C62: what is open to auditors is this, and whoever opens more says so here", () => {
  const open = Object.keys(METHOD_ROLES).filter((name) => METHOD_ROLES[name]!.includes("auditor"));
  const digests = ["node", "nodeDigests", "nodeValue"];
  const values = ["getData", "getRecording", "recordingPiece", "value"];
  expect(open.sort()).toEqual(
    ["hello", "status", "look", "explain", "graph", "graphStats", ...digests, ...values].sort(),
  );
});
