import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { replayRecording } from "@graphvm/cluster";
import { disposableCluster } from "@graphvm/testing";
import { expect, onTestFinished, test } from "vitest";
import { failureOf, fixture } from "./helpers.js";
import { startS3 } from "./recording/s3-server.js";

type Snoop = typeof import("./fixtures/snoop.js");

/** A page whose text can be changed, and which can go. */
async function page(): Promise<{ uri: string; text: string; asked: number; close(): void }> {
  const served = { uri: "", text: "EUR,1.1\n", asked: 0, close: () => server.close() };
  const server = createServer((_request, response) => {
    served.asked++;
    response.end(served.text);
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  served.uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rates.csv`;
  return served;
}

test("R31: a page is fetched once a session, whoever computes, and its digest stands in the recording", async () => {
  const rates = await page();
  await using cluster = await disposableCluster({ threads: 0, sockets: 2 });
  const { session } = cluster;
  const { remote } = await session.load<Snoop>(fixture("snoop.ts"));
  await session.setRecording(true);
  expect(await session.calc(remote(rates.uri))).toBe("EUR,1.1\n");
  await session.initGraph();
  rates.text = "EUR,1.2\n";
  expect(await session.calc(remote(rates.uri))).toBe("EUR,1.1\n");
  expect(rates.asked).toBe(1);
  const { bytes } = await session.getRecording();
  const changed = await replayRecording({ workers: 1 }, bytes);
  expect(changed).toMatchObject({ verdict: "diverged", calls: 0, first: { cause: "input", input: rates.uri } });
  rates.text = "EUR,1.1\n";
  expect(await replayRecording({ workers: 1 }, bytes)).toMatchObject({ verdict: "equal" });
  rates.close();
  expect(await failureOf(replayRecording({ workers: 1 }, bytes))).toMatchObject({ code: "GVM1203" });
});

test("R31: with inputs captured a replay asks nobody", async () => {
  const rates = await page();
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  const { remote } = await session.load<Snoop>(fixture("snoop.ts"));
  await session.setRecording(true, { capture: ["inputs"] });
  expect(await session.calc(remote(rates.uri))).toBe("EUR,1.1\n");
  const { bytes } = await session.getRecording();
  rates.close();
  expect(await replayRecording({ workers: 1 }, bytes)).toMatchObject({ verdict: "equal" });
});

test("R31: a variable is read by the master, an object of S3 by its rules; a replay takes what --input names", async () => {
  const server = await startS3("data");
  onTestFinished(() => server[Symbol.asyncDispose]());
  const variables = {
    AWS_ENDPOINT_URL_S3: server.url,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    GRAPHVM_TEST_REGION: "north",
  };
  Object.assign(process.env, variables);
  onTestFinished(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
  server.buckets.get("data")!.set("rates.csv", { bytes: Buffer.from("EUR,1.3\n") });
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  const { remote, variable } = await session.load<Snoop>(fixture("snoop.ts"));
  await session.setRecording(true);
  expect(await session.calc(remote("s3://data/rates.csv"))).toBe("EUR,1.3\n");
  expect(await session.calc(variable("GRAPHVM_TEST_REGION"))).toBe("north");
  const { bytes } = await session.getRecording();
  expect(await replayRecording({ workers: 1 }, bytes)).toMatchObject({ verdict: "equal" });
  process.env.GRAPHVM_TEST_REGION = "south";
  const other = await replayRecording({ workers: 1 }, bytes);
  expect(other).toMatchObject({ verdict: "diverged", first: { cause: "input", input: "env:GRAPHVM_TEST_REGION" } });
});

test("R31: inputs whose names a recording must not keep are refused, and so is what nobody can fetch", async () => {
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  const { remote, variable } = await session.load<Snoop>(fixture("snoop.ts"));
  for (const work of [
    session.calc(remote("https://me:hunter2@127.0.0.1/x")),
    session.calc(remote("https://127.0.0.1/x?token=hunter2")),
    session.calc(variable("AWS_SECRET_ACCESS_KEY")),
  ]) {
    const error = await failureOf(work);
    expect(error).toMatchObject({ code: "GVM3505" });
    expect(JSON.stringify(error) + error.message).not.toContain("hunter2");
  }
  expect(await failureOf(session.calc(remote("gopher://host/x")))).toMatchObject({ code: "GVM1203" });
  expect(await failureOf(session.calc(variable("NOBODY_SET_THIS")))).toMatchObject({ code: "GVM1203" });
});

test("R31: an input of another machine that is bound to a plane is fetched by that plane's worker", async () => {
  const rates = await page();
  await using cluster = await disposableCluster({ threads: 1, labels: { plane: "eu" } });
  const { session } = cluster;
  const { bound } = await session.load<Snoop>(fixture("snoop.ts"));
  expect(await session.calc(bound(rates.uri))).toBe(8);
  expect(rates.asked).toBe(1);
});
