import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "graphvm";
import { expect, test } from "vitest";
import { graphvm, graphvmJson, Running, startMaster, testFolder } from "./helpers.js";

/** Never called: its types are the test. */
export function uses(): void {
  defineConfig({});
  defineConfig({
    fabric: { servers: ["nats://a:4222", "nats://b:4222"], cluster: "prod", credsFile: "graphvm.creds" },
    planes: { eu: { volumes: { data: "/srv/eu/data" }, exports: { maxBytes: 65_536, inputs: true } }, us: {} },
    tiers: { large: { labels: { gpu: "a100" }, memory: "64GB", threads: 8 }, small: { memory: 1e9 } },
  });
  // @ts-expect-error a fabric has servers
  defineConfig({ fabric: { cluster: "prod" } });
  // @ts-expect-error it is called planes
  defineConfig({ plane: { eu: {} } });
  // @ts-expect-error a volume is a folder
  defineConfig({ planes: { eu: { volumes: { data: 7 } } } });
  // @ts-expect-error volumes have names
  defineConfig({ planes: { eu: { volumes: ["/srv/eu/data"] } } });
  // @ts-expect-error a limit is a number of bytes
  defineConfig({ planes: { eu: { exports: { maxBytes: "1MB" } } } });
  // @ts-expect-error what may leave is said by a limit
  defineConfig({ planes: { eu: { exports: true } } });
  // @ts-expect-error labels are texts
  defineConfig({ tiers: { large: { labels: { gpu: 1 } } } });
  // @ts-expect-error no unit of memory
  defineConfig({ tiers: { large: { memory: "64 apples" } } });
}

const CONFIG = `import { defineConfig } from "graphvm";
export default defineConfig({
  planes: { eu: {}, us: {} },
  tiers: { large: { labels: { gpu: "a100" }, memory: "1GB", threads: 2 } },
});`;

test("C141: a worker is of a tier and in a plane of the config that is here; flags go before it", async () => {
  const { path } = testFolder();
  writeFileSync(join(path, "graphvm.config.ts"), CONFIG);
  const master = await startMaster(path, ["--workers", "0"]);
  const start = ["start-worker", "--master", master.url, "--plane", "eu", "--tier", "large", "--label", "gpu=none"];
  const worker = new Running(start, path);
  await worker.says("graphvm worker w1, w2");
  const { json } = await graphvmJson(["status", "--master", master.url], path);
  expect(json.workers).toMatchObject([1, 2].map(() => ({ labels: { plane: "eu", tier: "large", gpu: "none" } })));
  await graphvm(["stop", "--master", master.url], path);
  expect(await worker.ended).toMatchObject({ code: 0 });
});

test("C140 C141: names that the config does not have, and configs that can't be read, are refused with 2", async () => {
  const { path } = testFolder();
  mkdirSync(join(path, "conf"));
  writeFileSync(join(path, "conf/a.ts"), CONFIG);
  writeFileSync(join(path, "conf/b.ts"), "export default { planes: { eu: { volume: {} } } };");
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await graphvm(args, path);
    expect(code).toBe(2);
    return stderr;
  };
  expect(await refused("start-worker", "--config", "conf/a.ts", "--tier", "huge")).toMatch(
    /^GVM3611: .*tier huge.*large/,
  );
  expect(await refused("start-worker", "--tier", "large")).toMatch(/^GVM3611: /);
  expect(await refused("start-master", "--config", "conf/a.ts", "--plane", "moon")).toMatch(/^GVM3611: .*eu, us/);
  expect(await refused("start-master", "--config", "conf/b.ts")).toMatch(/^GVM3610: .*planes\.eu\.volume/);
  expect(await refused("start-master", "--config", "nowhere.ts")).toMatch(/^GVM3102: /);
});

const MEANS = `import { readFileSync } from "node:fs";
import { apply, file, namespace, rule } from "graphvm";
const mean = (source) => {
  const all = readFileSync(source.path, "utf8").trim().split("\\n").map(Number);
  return all.reduce((a, b) => a + b, 0) / all.length;
};
const means = namespace("means", {
  of: rule((source) => apply(mean, source)(), { exports: true }),
  rows: rule((source) => apply((each) => readFileSync(each.path, "utf8"), source)(), { exports: { maxBytes: 4 } }),
});
const data = (plane) => file("data/data.csv", { on: { plane } });
export const main = [means.of(data("eu")), means.of(data("us"))];
export const rows = means.rows(data("us"));
`;

test("C142 C146 C147: volumes and limits of a config hold for workers; status and recording tell what left", async () => {
  const { path } = testFolder();
  writeFileSync(join(path, "means.ts"), MEANS);
  for (const [plane, rows] of [
    ["eu", "1\n3"],
    ["us", "10\n30"],
  ] as const) {
    mkdirSync(join(path, plane));
    writeFileSync(join(path, plane, "data.csv"), rows);
  }
  writeFileSync(
    join(path, "graphvm.config.ts"),
    'export default { planes: { eu: { volumes: { data: "eu" } }, us: { exports: { maxBytes: 1000 } } } };',
  );
  const master = await startMaster(path, ["--workers", "0"]);
  const at = ["--master", master.url];
  const eu = new Running(["start-worker", ...at, "--plane", "eu"], path);
  const us = new Running(["start-worker", ...at, "--plane", "us", "--volume", "data=us"], path);
  await Promise.all([eu.says("graphvm worker"), us.says("graphvm worker")]);
  const run = await graphvmJson(["run", "means.ts", ...at, "--record", "out.gvr"], path);
  expect(run.json).toMatchObject({ values: [2, 20] });
  expect((await graphvm(["status", ...at], path)).stdout).toMatch(/plane +us: .*; rules let 1 value out, \d+ bytes/);
  const shown = await graphvm(["recording", "show", "out.gvr"], path);
  expect(shown.stdout).toMatch(/exports: 2\n +[0-9a-f]{32} +means\.of +left eu +\d+ bytes/);
  expect(shown.stdout).toMatch(/us:data\/data\.csv .* volume data/);
  expect((await graphvmJson(["recording", "show", "out.gvr"], path)).json.exports).toMatchObject([
    { rule: "means.of", plane: "eu" },
    { rule: "means.of", plane: "us" },
  ]);
  const refused = await graphvm(["run", "means.ts#rows", ...at], path);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^GVM3605: .*means\.rows.*and 4 are allowed/),
  });
  await graphvm(["stop", ...at], path);
  await Promise.all([eu.ended, us.ended]);
  expect(await graphvm(["start-worker", "--plane", "us", "--volume", "data=nowhere"], path)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^GVM3612: .*nowhere/),
  });
});
