import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readRecording, readSource, replayRecording, signRecording, writeTarget } from "@graphvm/cluster";
import { GraphvmError } from "@graphvm/engine";
import { startS3 } from "@graphvm/testing";
import { drillCauses } from "./audit/causes.js";
import { graphvm, type NodeVersion, type Place, startCluster } from "./audit/command.js";
import { nodeVersions } from "./audit/node-versions.js";
import { tamper } from "./audit/tamper.js";
import { Random } from "./random.js";

const SOURCE = "s3://audit/2031/fraud.gvr";
const WORKERS = [1, 2, 5];

const { values } = parseArgs({
  options: { rows: { type: "string" }, seed: { type: "string" }, tamperings: { type: "string" } },
});
const rows = Number(values.rows ?? 200_000);
const seed = Number(values.seed ?? 1);
const tamperings = Number(values.tamperings ?? 200);
const flips = 400;
if (!Number.isSafeInteger(rows) || !Number.isSafeInteger(seed) || !Number.isSafeInteger(tamperings)) {
  console.error("usage: npm run audit-drill -- [--rows 200000] [--seed 1] [--tamperings 200]");
  process.exit(2);
}
process.exit(await auditDrill());

/** Records, wipes, replays everywhere, tampers, and finds causes; the exit code. */
async function auditDrill(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-audit-drill-"));
  const installed = mkdtempSync(join(tmpdir(), "graphvm-audit-nodes-"));
  const { nodes, skipped } = await nodeVersions(installed);
  await using server = await startS3("audit");
  const env = {
    ...{ AWS_ENDPOINT_URL: server.url, AWS_ACCESS_KEY_ID: "drill", AWS_SECRET_ACCESS_KEY: "drill" },
    ...{ AWS_REGION: "us-east-1", NODE_NO_WARNINGS: "1", AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
  };
  Object.assign(process.env, env);
  const place: Place = { folder, env };
  try {
    const trusted = await recordAndWipe(nodes[0]!, place);
    const wrong = [
      ...(await replayEverywhere(nodes, place)),
      ...(await flipAnywhere()),
      ...(await tamperWith(trusted)),
      ...(await causes(nodes, place)),
    ];
    for (const each of skipped) console.log(`SKIPPED ${each}`);
    for (const each of wrong) console.error(`WRONG ${each}`);
    const without = skipped.length === 0 ? "" : `, but ${skipped.length} versions of Node were skipped`;
    console.log(wrong.length === 0 ? `audit drill: all right${without}` : `audit drill: ${wrong.length} went wrong`);
    return wrong.length === 0 ? 0 : 1;
  } finally {
    for (const each of [folder, installed]) rmSync(each, { recursive: true, force: true });
  }
}

/** Makes the fraud recording with its inputs, signs it, puts it on the S3 server and removes every local file. */
async function recordAndWipe(node: NodeVersion, place: Place): Promise<string> {
  const keep = ["--capture", "inputs", "--digests", "nodes", "--author", "audit drill"];
  const run = ["demo", "fraud", "--rows", String(rows), "--workers", "3", "--record", "fraud.gvr", ...keep];
  const { code, stderr } = await graphvm(node, run, place);
  if (code !== 0) throw new Error(`the recording was not made: ${stderr}`);
  const { privateKey, publicKey } = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const signed = signRecording(readFileSync(join(place.folder, "fraud.gvr")), privateKey);
  await writeTarget(SOURCE, signed);
  for (const name of readdirSync(place.folder)) rmSync(join(place.folder, name), { recursive: true });
  writeFileSync(join(place.folder, "keys.pem"), publicKey);
  console.log(
    `recorded fraud over ${rows.toLocaleString("en-US")} rows with its input: ${signed.length} bytes at ${SOURCE}; local files wiped`,
  );
  return publicKey;
}

async function replayEverywhere(nodes: readonly NodeVersion[], place: Place): Promise<string[]> {
  console.log("replays, node by node, each in a new process:");
  const wrong: string[] = [];
  for (const node of nodes) {
    for (const workers of WORKERS) {
      for (const kind of ["threads", "WebSocket"]) {
        const folder = join(place.folder, "empty");
        mkdirSync(folder, { recursive: true });
        const cluster = kind === "threads" ? undefined : await startCluster(node, workers, { ...place, folder });
        const on = cluster ? ["--master", cluster.url] : ["--workers", String(workers)];
        const flags = ["--trusted", join(place.folder, "keys.pem"), "--verify", "nodes", ...on];
        const { code, json, stderr } = await graphvm(node, ["replay", SOURCE, ...flags], { ...place, folder });
        await cluster?.close();
        const { verdict, equal, compared, level, seconds } = json as { [key: string]: number | string };
        const right =
          code === 0 && verdict === "equal" && level === "nodes" && equal === compared && json.workers === workers;
        const where = `Node ${node.major}, ${workers} ${kind}`;
        console.log(
          `  ${right ? "ok   " : "WRONG"} ${where}: ${equal} of ${compared} equal in ${Number(seconds).toFixed(1)} s`,
        );
        if (!right) wrong.push(`${where}: exit ${code} ${stderr} ${JSON.stringify(json.first ?? json.error)}`);
      }
    }
  }
  return wrong;
}

/** Flips a bit of one byte, wherever in the file it lies: none may go unnoticed. */
async function flipAnywhere(): Promise<string[]> {
  const recording = Uint8Array.from(await readSource(SOURCE));
  const random = new Random(seed);
  const wrong: string[] = [];
  // the last ones in what stands behind the entries: directory, end record and trailer
  for (let i = 0; i < flips; i++) {
    const at = i < flips / 2 ? random.below(recording.length) : recording.length - 1 - random.below(1500);
    const bit = 1 << random.below(8);
    recording[at]! ^= bit;
    const found = await readRecording(recording).then(
      () => undefined,
      (error: Error) => error,
    );
    recording[at]! ^= bit;
    const right = found instanceof GraphvmError && found.exitCode === 2 && found.fields.entry !== undefined;
    if (!right) wrong.push(`a flip of bit ${bit} of byte ${at}: ${found?.message}`);
  }
  console.log(`flips of a byte anywhere in the file that were found: ${flips - wrong.length} of ${flips}`);
  return wrong;
}

/** Changes the recording in seeded ways: each must be refused before any call is made, naming the entry. */
async function tamperWith(trusted: string): Promise<string[]> {
  const recording = await readSource(SOURCE);
  const wrong: string[] = [];
  for (let i = 0; i < tamperings; i++) {
    const { what, bytes, names } = tamper(recording, i, new Random(seed * 1_000_003 + i));
    let calls = 0;
    const error = await replayRecording({ workers: 1 }, bytes, { trusted, onCall: () => calls++ }).then(
      () => new Error("it was replayed"),
      (thrown: Error) => thrown,
    );
    const entry = error instanceof GraphvmError ? String(error.fields.entry) : undefined;
    const exitCode = error instanceof GraphvmError ? error.exitCode : 1;
    const right = exitCode === 2 && calls === 0 && entry !== undefined && names.includes(entry);
    if (!right) wrong.push(`tampering ${i} (${what}): ${entry}, ${error.message}`);
  }
  console.log(`tamperings found before any code ran, the entry named: ${tamperings - wrong.length} of ${tamperings}`);
  return wrong;
}

async function causes(nodes: readonly NodeVersion[], place: Place): Promise<string[]> {
  console.log("causes:");
  return (await drillCauses(nodes, place)).wrong;
}
