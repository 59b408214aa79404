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
