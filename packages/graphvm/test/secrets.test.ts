import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRecording } from "@graphvm/cluster";
import { expect, test } from "vitest";
import { graphvm, startMaster, testFolder } from "./helpers.js";

const SECRETS = {
  password: "hunter2-in-a-param",
  nested: "s3cr3t-deep-down",
  url: "pw-of-the-url",
  query: "sig-of-the-query",
  variable: "value-of-the-variable",
  thrown: "token-in-an-error",
  token: "the-masters-own-token",
  label: "secret-in-a-label",
};

const MODULE = `import { apply, namespace, rule } from "graphvm";
const ns = namespace("ns", {
  open: rule((settings) => apply((s) => Object.keys(s).length, settings)()),
  fetch: rule((url) => apply((u) => u.length, url)()),
  fail: rule((settings) => apply((s) => { throw new Error("refused: password: '" + s.password + "' at " + s.url); }, settings)()),
});
export async function main(session) {
  const url = "https://me:${SECRETS.url}@host/x?sig=${SECRETS.query}";
  await session.calc(ns.open({ password: "${SECRETS.password}", deep: { apiKey: "${SECRETS.nested}" } }));
  await session.calc(ns.fetch(url));
  await session.calc(ns.fetch(process.env.DRILL_SECRET + " is in here"));
  await session.calc(ns.fail({ password: "${SECRETS.thrown}", url })).catch(() => {});
  return 1;
}`;

/** Every file below a folder, as text. */
function texts(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => [path, readFileSync(path, "latin1")]);
}

test("R18: secrets in params, URLs, errors, labels and the environment are in no journal, recording, picture, event or report", async () => {
  const { path } = testFolder();
  // the module itself holds them, and its text travels: what is not said in code must not be found elsewhere
  writeFileSync(join(path, "m.ts"), MODULE);
  writeFileSync(join(path, "token"), SECRETS.token);
  const env = { DRILL_SECRET: SECRETS.variable };
  const master = await startMaster(
    path,
    [
      ...["--token-file", "token", "--journal", "journal", "--secret-env", "DRILL_SECRET", "--log-level", "debug"],
      ...["--record", "kept", "--digests", "nodes", "--record-label", `apiToken=${SECRETS.label}`],
      ...["--author", `me https://me:${SECRETS.url}@host`],
    ],
    { env },
  );
  const on = ["--master", master.url, "--token-file", "token"];
  const keep = [
    "--digests",
    "nodes",
    "--label",
    `apiToken=${SECRETS.label}`,
    "--author",
    `me https://me:${SECRETS.url}@host`,
  ];
  const run = await graphvm(["run", "m.ts", "--record", "m.gvr", ...keep, ...on], path, { env });
  expect(run.code).toBe(0);
  const recording = openRecording(readFileSync(join(path, "m.gvr")));
  const code = new Set(recording.header.programs.map(({ blob }) => blob));
  const found: [string, string][] = [
    ["header", JSON.stringify(recording.header)],
    ["lines", JSON.stringify(recording.lines)],
    ["log of the master", master.stderr + master.stdout],
    ["output", run.stdout + run.stderr],
  ];
  for (const name of recording.blobs.names) {
    if (!code.has(name)) found.push([`blob ${name}`, Buffer.from(recording.blobs.get(name)).toString("latin1")]);
  }
  for (const [place, text] of texts(join(path, "journal"))) {
    if (![...code].some((name) => place.endsWith(name))) found.push([place, text]);
  }
  master.child.kill("SIGTERM");
  found.push(["what the master said at its end", (await master.ended).stderr]);
  const [archived] = texts(join(path, "kept"));
  const all = openRecording(readFileSync(archived![0]));
  found.push(["archive", JSON.stringify([all.header, all.lines])]);
  for (const name of all.blobs.names) {
    if (!code.has(name)) found.push([`archived blob ${name}`, Buffer.from(all.blobs.get(name)).toString("latin1")]);
  }
  for (const command of [
    ["recording", "show"],
    ["graph"],
    ["recording", "export", "--html"],
    ["recording", "export", "--openlineage"],
  ]) {
    found.push([command.join(" "), (await graphvm([...command, "m.gvr"], path)).stdout]);
  }
  expect(found.map(([, text]) => text).join("")).toContain("[redacted]");
  const leaks = Object.entries(SECRETS).flatMap(([name, secret]) =>
    found.filter(([, text]) => text.includes(secret)).map(([place]) => `${name} in ${place}`),
  );
  expect(leaks).toEqual([]);
  // parts of them neither: labels of a graph are cut somewhere
  const parts = Object.entries(SECRETS).flatMap(([name, secret]) =>
    found.filter(([, text]) => text.includes(secret.slice(0, 8))).map(([place]) => `${name} in part in ${place}`),
  );
  expect(parts).toEqual([]);
});
