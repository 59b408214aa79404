import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect, connectWorker, readRecording, startMaster } from "@graphvm/cluster";
import { DataClient } from "@graphvm/cluster/internal";
import { natsServerOrSkip, startNats } from "@graphvm/testing";
import { connect as connectNats } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Fabric } from "../../packages/cluster/dist/fabric/fabric.js";
import { runRegions } from "../../packages/graphvm/dist/demo/regions.js";
import { PLANES } from "../../packages/graphvm/dist/demo/regions-names.js";

type Program = typeof import("./regions-program.js");

const program = await natsServerOrSkip();
const DENIED = ["graphvm.*.plane.>"];
const BMRS = fileURLToPath(new URL("../../../shared/data/bmrs", import.meta.url));
const quiet = { step: () => {}, progress: () => {} };

function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-regions-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function failureOf(work: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  return work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: Error) => error,
  );
}

describe.skipIf(program === undefined)("three regions, each behind its leaf node", () => {
  let nats: Awaited<ReturnType<typeof startNats>>;
  let clusters = 0;
  beforeAll(async () => {
    const leaves = PLANES.map((name) => ({ name, denyImports: DENIED, denyExports: DENIED }));
    nats = await startNats({ leaves });
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  const room = { journal: 50_000_000, blobs: 50_000_000 };
  const newCluster = () => {
    const cluster = `regions${++clusters}`;
    const at = (servers: string) => ({ servers, cluster, room });
    const leaves = Object.fromEntries(PLANES.map((plane) => [plane, at(nats.leaf(plane).url)]));
    return { cluster, fabric: at(nats.url), leaves };
  };

  /** Bytes that a leaf node sent to the hub so far. */
  const sentBy = async (plane: string): Promise<number> =>
    (await nats.leaf(plane).monitor.leafz()).leafs.reduce((sum, { out_bytes }) => sum + out_bytes, 0);

  test(`C158: of each region's data only what its rule exports crosses its leaf node${existsSync(BMRS) ? "" : " (generated data)"}`, async () => {
    const { fabric, leaves } = newCluster();
    const before = await Promise.all(PLANES.map(sentBy));
    const record = join(tempFolder(), "regions.gvr");
    const data = existsSync(BMRS) ? { data: BMRS } : {};
    const options = { ...data, days: 217, seed: 1, record, force: false, fabric, leaves };
    const result = await runRegions(options, quiet);
    const after = await Promise.all(PLANES.map(sentBy));
    expect(result.replay.verdict).toBe("equal");
    expect(result.forecast.model).toBeLessThan(result.forecast.persistence);
    for (const [i, { plane, data, values, exported }] of result.planes.entries()) {
      const crossed = after[i]! - before[i]!;
      expect(values).toBe(1);
      // the value, and what workers and masters say to each other
      expect(crossed, `${plane}: ${crossed} of ${data} bytes`).toBeGreaterThan(exported);
      expect(crossed, `${plane}: ${crossed} of ${data} bytes`).toBeLessThan(data / 10);
    }
    const { lines } = await readRecording(record);
    expect(lines.filter(({ method }) => method === "export")).toHaveLength(3);
  });

  test("C159: a foreign volume can't be read in five ways", async () => {
    const { cluster, fabric, leaves } = newCluster();
    const folder = tempFolder();
    const secret = `secret-${"1234567".repeat(10)}`;
    for (const plane of ["ccgt", "wind"]) {
      mkdirSync(join(folder, plane));
      writeFileSync(join(folder, plane, "generation.csv"), `${plane}\n${secret}\n`);
    }
    symlinkSync("../ccgt/generation.csv", join(folder, "wind/link.csv"));
    await using _master = await startMaster({ fabric, workers: 0 });
    const worker = (plane: string) =>
      connectWorker({ fabric: leaves[plane]!, labels: { plane }, volumes: { bmrs: join(folder, plane) } });
    await using _ccgt = await worker("ccgt");
    await using _wind = await worker("wind");
    await using session = await connect({ fabric });
    const { spy } = await session.load<Program>(fileURLToPath(new URL("./regions-program.ts", import.meta.url)));
    const bound = spy.rows("ccgt", "bmrs/generation.csv");

    // 1: a file of the other plane, asked for from the own one
    expect(await failureOf(session.jobDeps([spy.elsewhere("ccgt")]))).toMatchObject({ code: "GVM3602" });

    // 2: out of the own volume, by .. and by a link
    for (const uri of ["bmrs/../ccgt/generation.csv", "bmrs/link.csv", join(folder, "ccgt/generation.csv")])
      expect(await failureOf(session.jobDeps([spy.count("wind", uri)]))).toMatchObject({ code: "GVM3612" });

    // 3: a client asks for the bound value, by its ref and by its node
    await session.dispatchJobs(await session.jobDeps([bound]));
    const [job] = await session.wait();
    expect(await failureOf(session.getData(bound))).toMatchObject({ code: "GVM3603" });
    const asked = session.replayCall("nodeValue", { id: job!.id, job: job!.id });
    expect(await failureOf(asked)).toMatchObject({ code: "GVM3603" });

    // 4: another plane's process asks the holder, on the hub with a forged claim and on the holder's own subjects
    const { subscriptions_list: subjects } = (await (
      await fetch(`${nats.leaf("ccgt").monitor.url}/subsz?subs=1&limit=10000`)
    ).json()) as { subscriptions_list: string[] };
    const list = JSON.stringify(subjects);
    const holder = new RegExp(`graphvm\\.${cluster}\\.plane\\.ccgt\\.door\\.([A-Za-z0-9]+)`).exec(list)![1]!;
    for (const [claimed, address] of [
      [undefined, `fabric://_/${holder}`],
      [undefined, `fabric://ccgt/${holder}`],
      ["ccgt", `fabric://ccgt/${holder}`],
    ] as const) {
      const thief = await Fabric.open(leaves.wind!, claimed);
      const data = new DataClient(() => ({}), "ccgt", true, thief);
      const error = await failureOf(data.value(address, job!.id));
      // on the hub the holder refuses; its plane's subjects don't reach it from here
      expect(["GVM3603", "GVM3202"]).toContain(error.code);
      if (claimed === undefined) expect(error.code).toBe("GVM3603");
      expect(data.received).toBe(0);
      data.close();
      await thief.close();
    }

    // 5: NATS itself: whoever listens to the other plane's subjects at their own leaf node or at the hub hears nothing
    const listeners = await Promise.all(
      [nats.leaf("wind").url, nats.url, nats.leaf("ccgt").url].map((servers) => connectNats({ servers })),
    );
    const heard = listeners.map((client) => {
      const texts: string[] = [];
      client.subscribe("graphvm.*.plane.ccgt.>", { callback: (_error, message) => void texts.push(message.string()) });
      return texts;
    });
    await Promise.all(listeners.map((client) => client.flush()));
    await pause(200);
    const own = await connectNats({ servers: nats.leaf("ccgt").url });
    own.publish(`graphvm.${cluster}.plane.ccgt.link.x.a`, secret);
    await own.flush();
    const thief = await connectNats({ servers: nats.leaf("wind").url });
    thief.publish(`graphvm.${cluster}.plane.ccgt.link.x.a`, "forged");
    await thief.flush();
    await pause(500);
    expect(heard[1]).toEqual([]);
    expect(heard[2]).toEqual([secret]);
    // at the own leaf node only what was said there
    expect(heard[0]).toEqual(["forged"]);
    await Promise.all([...listeners, own, thief].map((client) => client.close()));
  });
});
