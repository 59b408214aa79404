import { nodeId } from "@graphvm/engine";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { failureOf, fixture } from "./helpers.js";

type Numbers = typeof import("./fixtures/numbers.js");
type Faults = typeof import("./fixtures/faults.js");

test("C18: explain tells a job's story by ref, id, label or rule: why this worker, and why again", async () => {
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  await session.calc(numbers.diamond(1), { cut: ["numbers.left"] });
  const id = nodeId(numbers.left(1));
  const story = await session.explain(numbers.left(1));
  expect(story).toMatchObject({
    id,
    rule: "numbers.left",
    label: "numbers.left(1)",
    state: "done",
    worker: "w1",
    waitsFor: null,
  });
  expect(story.story).toEqual([
    "submitted",
    "waiting -> ready: all inputs are done",
    "ready -> running: given to w1: the only free worker",
    expect.stringMatching(/^running -> done: finished on w1 in 0\.\d+ s$/),
  ]);
  for (const name of [id.slice(0, 8), "numbers.left(1)", "numbers.left"])
    expect(await session.explain(name)).toEqual(story);
  expect((await session.explain("numbers.diamond")).inputs).toEqual([{ id, label: "numbers.left(1)", state: "done" }]);
  const error = await failureOf(session.explain("numbers.nothing"));
  expect(error).toMatchObject({ code: "GVM3501", message: expect.stringContaining('"numbers.nothing"') });
});

test("C18: of several jobs of a rule the failed one is told, with its attempts and its error", async () => {
  await using cluster = await disposableCluster({ threads: 1 });
  const { session } = cluster;
  const { faults } = await session.load<Faults>(fixture("faults.ts"));
  await failureOf(session.calc(faults.throws("luck"), { retries: 1 }));
  const story = await session.explain("faults.throws");
  expect(story).toMatchObject({ state: "failed", error: expect.stringContaining("no luck here") });
  expect(story.story.filter((entry) => entry.includes("tried again"))).toHaveLength(1);
});
