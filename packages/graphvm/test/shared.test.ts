import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startS3 } from "@graphvm/testing";
import { expect, test } from "vitest";
import { graphvm, graphvmJson, startMaster, testFolder } from "./helpers.js";

const MODULE = `import { readFileSync, writeFileSync } from "node:fs";
import { apply, file, namespace, rule } from "graphvm";
writeFileSync("ran", "");
const ns = namespace("ns", { sum: rule((n) => apply((n, f) => readFileSync(f.path).reduce((a, b) => a + b, n), n, file("big.bin"))()) });
export const one = ns.sum(1);
export const two = ns.sum(2);
`;

/** A folder with a module and an input that doesn't compress. */
function project(): string {
  const { path } = testFolder();
  writeFileSync(join(path, "m.ts"), MODULE);
  writeFileSync(join(path, "big.bin"), randomBytes(600_000));
  return path;
}

// each starts many processes, which takes its time where others run too
const PATIENT = { timeout: 180_000 };

test(
  "R33: sessions archived in a folder share the input; each is listed, shown, verified, exported and replayed",
  PATIENT,
  async () => {
    const path = project();
    for (const name of ["one", "two"]) {
      const master = await startMaster(path, ["--record", "kept", "--capture", "inputs"]);
      expect((await graphvm(["run", `m.ts#${name}`, "--master", master.url], path)).code).toBe(0);
      await graphvm(["stop", "--master", master.url], path);
      expect((await master.ended).code).toBe(0);
    }
    for (const gone of ["big.bin", "m.ts", "ran"]) rmSync(join(path, gone));
    expect(readdirSync(join(path, "kept", "blobs"))).toHaveLength(1);
    const { json } = await graphvmJson(["recording", "ls", "kept"], path);
    const [first, second] = json.recordings as { key: string; bytes: number; sharedBytes: number }[];
    expect([first!.sharedBytes > 500_000, second!.sharedBytes > 500_000]).toEqual([true, true]);
    const source = join("kept", second!.key);
    expect((await graphvm(["recording", "show", source], path)).stdout).toContain("big.bin");
    expect((await graphvm(["replay", source, "--yes"], path)).code).toBe(0);
    expect((await graphvm(["recording", "export", source, "--gvr", "-o", "whole.gvr"], path)).code).toBe(0);
    expect(readFileSync(join(path, "whole.gvr")).subarray(0, 2).toString()).toBe("PK");
    const [a, b] = await Promise.all(
      [source, "whole.gvr"].map(async (each) => (await graphvmJson(["recording", "verify", each], path)).json),
    );
    expect({ ...a, source: "" }).toEqual({ ...b, source: "" });
  },
);

test(
  "R33: on S3 run --record shares too; what is missing or was changed there is one error, exit 2, and nothing runs",
  PATIENT,
  async () => {
    const path = project();
    await using server = await startS3("audit");
    const env = {
      ...{ AWS_ENDPOINT_URL: server.url, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_REGION: "us-east-1" },
    };
    for (const name of ["one", "two"]) {
      const run = ["run", `m.ts#${name}`, "--capture", "inputs", "--record", `s3://audit/2031/${name}.gvr`];
      expect((await graphvm(run, path, { env })).code).toBe(0);
    }
    rmSync(join(path, "ran"));
    const objects = server.buckets.get("audit")!;
    const blobs = [...objects.keys()].filter((key) => key.startsWith("2031/blobs/"));
    expect([objects.size, blobs.length]).toEqual([3, 1]);
    const good = objects.get(blobs[0]!)!;
    const manifest = objects.get("2031/two.gvr")!;
    const bad: [code: RegExp, change: () => unknown][] = [
      [/^GVM4032: 2031\/blobs\/.* is missing/, () => objects.delete(blobs[0]!)],
      [/^GVM4034: /, () => objects.set(blobs[0]!, { bytes: Buffer.from("other") })],
      [/^GVM4022: /, () => objects.set("2031/two.gvr", { bytes: manifest.bytes.subarray(0, 500) })],
      [
        /^GVM4105: /,
        () => {
          server.faults.cutReads = true;
        },
      ],
    ];
    for (const [code, change] of bad) {
      change();
      const ended = await graphvm(["replay", "s3://audit/2031/two.gvr", "--yes"], path, { env });
      expect(ended).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(code) });
      expect(ended.stderr.trimEnd()).not.toContain("\n");
      objects.set(blobs[0]!, good).set("2031/two.gvr", manifest);
    }
    delete server.faults.cutReads;
    const again = ["run", "m.ts#one", "--capture", "inputs", "--record", "s3://gone/three.gvr"];
    server.buckets.set("gone", new Map());
    server.faults.beforeStore = (bucket, key) => key.includes("blobs/") || server.buckets.delete(bucket);
    const vanished = { code: 2, stdout: "", stderr: expect.stringMatching(/^GVM4103: /) };
    expect(await graphvm(again, path, { env })).toMatchObject(vanished);
    delete server.faults.beforeStore;
    rmSync(join(path, "ran"));
    expect(existsSync(join(path, "ran"))).toBe(false);
    objects.delete(blobs[0]!);
    const listed = await graphvm(["recording", "ls", "s3://audit"], path, { env });
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringMatching(/2031\/one\.gvr +GVM4032/) });
  },
);
