import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readRecording, replayRecording } from "@graphvm/cluster";
import { describe, expect, test } from "vitest";

const folder = fileURLToPath(new URL("../fixtures/recordings/", import.meta.url));
// those of tables need graphvm/ml: the graphvm package replays them
const recordings = readdirSync(folder).filter((name) => /^(words|taxi|planes)-.*\.gvr$/.test(name));

describe("R25: recordings of every released format replay equal", () => {
  test.each(recordings)("%s", async (name) => {
    const path = `${folder}${name}`;
    const { header } = await readRecording(path);
    expect(name).toContain(`-${header.format.major}.${header.format.minor}.gvr`);
    const inputs = header.capture?.includes("inputs");
    const verify = header.format.minor > 0 ? "nodes" : "jobs";
    const report = await replayRecording({ workers: 2 }, path, { verify, ...(inputs ? { root: "/nowhere" } : {}) });
    expect(report).toMatchObject({ verdict: "equal", level: verify, diverged: 0 });
    expect(report.compared).toBeGreaterThan(name.startsWith("planes") ? 2 : 5);
  });

  test("there is one of each", () => {
    expect(recordings).toEqual(
      expect.arrayContaining(["0", "1", "2"].flatMap((minor) => [`words-1.${minor}.gvr`, `taxi-1.${minor}.gvr`])),
    );
  });
});
