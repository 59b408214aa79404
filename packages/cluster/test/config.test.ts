import { join } from "node:path";
import { expect, test } from "vitest";
import { bytesIn } from "../dist/config/amount.js";
import { loadConfig } from "../dist/config/load-config.js";
import { workerSettings } from "../dist/config/worker-settings.js";
import { failureOf, tempFolder, write } from "./helpers.js";

/** Reads a config with this default export. */
async function configOf(text: string) {
  const folder = tempFolder();
  write(folder, { "graphvm.config.ts": `export default ${text};` });
  return { folder, config: await loadConfig(undefined, folder) };
}

test("C140: a config is a module like any other; its paths are seen from where it lies", async () => {
  const folder = tempFolder();
  write(folder, {
    "regions.ts": 'export const eu: { volumes: { data: string } } = { volumes: { data: "eu/data" } };',
    "mine.ts":
      'import { eu } from "./regions"; export default { fabric: { servers: "nats://a:4222", credsFile: "a.creds" }, planes: { eu } };',
  });
  expect(await loadConfig("mine.ts", folder)).toEqual({
    fabric: { servers: "nats://a:4222", credsFile: join(folder, "a.creds") },
    planes: { eu: { volumes: { data: join(folder, "eu/data") } } },
    tiers: {},
  });
  expect(await loadConfig(undefined, folder)).toBeUndefined();
});

test("C141: what planes and tiers say makes up a worker's settings", async () => {
  const { folder, config } = await configOf(
    `{ planes: { eu: { volumes: { data: "d" }, exports: { maxBytes: 10 } }, us: { fabric: { servers: "nats://us" } } },
       fabric: { servers: ["nats://a", "nats://b"] },
       tiers: { large: { labels: { gpu: "a100" }, memory: "2 GB", threads: 8 }, odd: { labels: { tier: "other" } } } }`,
  );
  expect(workerSettings(config, { plane: "eu", tier: "large" })).toEqual({
    labels: { plane: "eu", tier: "large", gpu: "a100" },
    memory: 2e9,
    threads: 8,
    volumes: { data: join(folder, "d") },
    exports: { maxBytes: 10 },
    fabric: { servers: ["nats://a", "nats://b"] },
  });
  expect(workerSettings(config, { plane: "us", tier: "odd" })).toMatchObject({
    labels: { plane: "us", tier: "other" },
    threads: 1,
    fabric: { servers: "nats://us" },
  });
  // without a config planes are whatever workers say
  expect(workerSettings(undefined, { plane: "mars" })).toEqual({
    labels: { plane: "mars" },
    threads: 1,
    volumes: {},
    exports: {},
  });
});

test("C141: a tier or plane that the config does not name is an error that lists those it has", async () => {
  const { config } = await configOf("{ planes: { eu: {} }, tiers: { large: {}, small: {} } }");
  const named = (place: { plane?: string; tier?: string }, of: typeof config | "none" = config) =>
    failureOf((async () => workerSettings(of === "none" ? undefined : of, place))());
  expect(await named({ tier: "huge" })).toMatchObject({
    code: "GVM3611",
    message: expect.stringContaining("large, small"),
  });
  expect(await named({ plane: "toString" })).toMatchObject({
    code: "GVM3611",
    message: expect.stringContaining("names eu"),
  });
  expect(await named({ tier: "large" }, "none")).toMatchObject({ code: "GVM3611", fields: { names: [] } });
});

test.each([
  ["{ plane: {} }", "plane"],
  ['{ planes: { "e u": {} } }', "planes.e u"],
  ['{ planes: { eu: { volumes: { "../x": "/srv" } } } }', "planes.eu.volumes.../x"],
  ['{ planes: { eu: { volumes: { data: "" } } } }', "planes.eu.volumes.data"],
  ["{ planes: { eu: { exports: { maxBytes: -1 } } } }", "planes.eu.exports.maxBytes"],
  ["{ planes: { eu: { exports: true } } }", "planes.eu.exports"],
  ['{ tiers: { large: { labels: { "no label": "x" } } } }', "tiers.large.labels"],
  ['{ tiers: { large: { memory: "a lot" } } }', "tiers.large.memory"],
  ["{ tiers: { large: { threads: 0 } } }", "tiers.large.threads"],
  ["{ fabric: {} }", "fabric.servers"],
  ['{ fabric: { servers: "nats://a", cluster: "a.b" } }', "fabric.cluster"],
  ["7", "its default export"],
])("C140: the config %s is refused, and the place in it named", async (text, path) => {
  const error = await failureOf(configOf(text));
  expect(error).toMatchObject({ code: "GVM3610", exitCode: 2 });
  expect((error as Error & { fields: { path: string } }).fields.path).toContain(path);
});

test("C140: a config that is missing, does not compile, throws or exports nothing is an error that says so", async () => {
  const folder = tempFolder();
  write(folder, { "a.ts": "export default {", "b.ts": "throw new Error('no')", "c.ts": "export const config = {};" });
  expect(await failureOf(loadConfig("nowhere.ts", folder))).toMatchObject({ code: "GVM3102" });
  expect(await failureOf(loadConfig("a.ts", folder))).toMatchObject({ code: "GVM3101" });
  expect(await failureOf(loadConfig("b.ts", folder))).toMatchObject({ code: "GVM3103" });
  expect(await failureOf(loadConfig("c.ts", folder))).toMatchObject({ code: "GVM3610" });
});

test("amounts of memory have units of a thousand", () => {
  expect(["2GB", "500 MB", "7", "1.5kb", "3 b", "2t"].map(bytesIn)).toEqual([2e9, 5e8, 7, 1500, 3, 2e12]);
  expect(["", "GB", "-1", "1XB", "0", "1e400"].map(bytesIn)).toEqual(Array(6).fill(undefined));
});
