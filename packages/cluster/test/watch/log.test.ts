import { connect, connectWorker, type Logger } from "@graphvm/cluster";
import { createLogger } from "@graphvm/cluster/internal";
import { disposableCluster } from "@graphvm/testing";
import { expect, onTestFinished, test } from "vitest";
import { failureOf, fixture, until } from "../helpers.js";

type Faults = typeof import("../fixtures/faults.js");

/** A pino logger whose lines can be read. */
function lines(level: "debug" | "info" | "warn" = "debug") {
  const text: string[] = [];
  const logger = createLogger(level, { write: (line) => void text.push(line) });
  const parsed = () => text.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, text, parsed, of: (event: string) => parsed().filter((line) => line.event === event) };
}

test("C83: what happens to a master, its workers and jobs is a line each, with the event's name", async () => {
  const log = lines();
  {
    await using cluster = await disposableCluster({ threads: 1, sockets: 1, logger: log.logger });
    const { session } = cluster;
    const { faults } = await session.load<Faults>(fixture("faults.ts"));
    await failureOf(session.calc(faults.needsThrow("luck"), { cut: ["faults.throws"], retries: 1 }));
    await cluster.kill("w2");
    await until("w2 has left", () => log.of("workerLeft").length === 1);
  }
  expect(log.of("started")).toMatchObject([{ level: "info", url: expect.stringMatching(/^ws:/), pid: process.pid }]);
  expect(log.of("workerJoined")).toMatchObject([{ worker: "w1", worker_kind: "thread" }, { worker: "w2" }]);
  expect(log.of("loaded")).toMatchObject([{ program: "faults", hash: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
  expect(log.of("planned")[0]).toMatchObject({ jobs: 2, nodes: 2 });
  expect(log.of("runEnded")).toMatchObject([
    { level: "info", rule: "faults.throws", outcome: "failed", error: expect.stringContaining("no luck here") },
    { outcome: "failed" },
  ]);
  expect(log.of("jobFailed")).toMatchObject([{ level: "warn", rule: "faults.throws", code: "GVM1101", others: 1 }]);
  expect(log.of("callFailed")).toMatchObject([{ call: "wait" }]);
  expect(log.of("stopped")).toHaveLength(1);
  for (const { time, msg } of log.parsed()) {
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(msg).toMatch(/\S/);
  }
});

test("C83: who is refused is told with address and reason, never with what was shown", async () => {
  const log = lines("warn");
  await using cluster = await disposableCluster({ token: "the-right-token-1234", logger: log.logger });
  await failureOf(connect(cluster.url, { token: "a-wrong-token-5678" }));
  await failureOf(connectWorker({ master: cluster.url, token: "a-wrong-token-5678" }));
  expect(log.of("refused")).toMatchObject([
    { level: "warn", address: expect.stringMatching(/^(::ffff:)?127\.0\.0\.1:\d+$/), path: "/", reason: "token" },
    { path: "/worker", reason: "token" },
  ]);
  expect(log.text.join("")).not.toMatch(/right-token|wrong-token/);
});

test("C83: secrets in tokens, URLs, params, errors and chosen variables reach no line, at any level, of any logger", async () => {
  process.env.GRAPHVM_TEST_SECRET = "planted-in-env-4711";
  onTestFinished(() => void delete process.env.GRAPHVM_TEST_SECRET);
  const log = lines();
  const bare: unknown[] = [];
  const through =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      bare.push([fields, message]);
      log.logger[level](fields, message);
    };
  const both: Logger = {
    debug: through("debug"),
    info: through("info"),
    warn: through("warn"),
    error: through("error"),
  };
  {
    await using cluster = await disposableCluster({
      token: "planted-as-token-0815",
      logger: both,
      secretVariables: ["GRAPHVM_TEST_SECRET"],
    });
    const worker = await connectWorker({ master: cluster.url, token: "planted-as-token-0815", logger: both });
    const { faults } = await cluster.session.load<Faults>(fixture("faults.ts"));
    for (const text of [
      "planted-in-env-4711",
      "planted-as-token-0815",
      "https://me:planted-in-url@example.org/x?token=planted-in-query",
      "AKIAPLANTEDKEY123456",
    ]) {
      const failed = await failureOf(cluster.session.calc(faults.throws(text)));
      expect(failed.message).toContain("here");
    }
    both.warn({ token: "planted-in-field", deep: { password: "planted-deep" } }, "of a library");
    await worker.close();
  }
  expect(log.of("jobFailed")).toHaveLength(4);
  expect(log.text.join("")).not.toMatch(/planted|AKIAPLANTED/i);
  expect(JSON.stringify(bare.filter((line) => !JSON.stringify(line).includes("of a library")))).not.toMatch(/planted/i);
});

test("C83: without a logger nothing is written, and one that throws does not harm the session", async () => {
  const throws = (): never => {
    throw new Error("disk full");
  };
  const logger: Logger = { debug: throws, info: throws, warn: throws, error: throws };
  await using cluster = await disposableCluster({ logger });
  const { faults } = await cluster.session.load<Faults>(fixture("faults.ts"));
  expect(await failureOf(cluster.session.calc(faults.throws("luck")))).toMatchObject({ code: "GVM1101" });
});

test("C83: on a terminal a line is words, and what came from elsewhere can't act on it", () => {
  const text: string[] = [];
  const logger = createLogger("info", { write: (line) => void text.push(line), words: true, color: true });
  logger.warn({ event: "x" }, "worker w1 left: \u001b[2J\nhidden");
  logger.info({}, "plain");
  logger.debug({}, "not this");
  expect(text.map((line) => line.replace(/\d\d:\d\d:\d\d/, "TIME"))).toEqual([
    "\u001b[33mTIME warn  worker w1 left:  [2J hidden\u001b[0m\n",
    "TIME info  plain\n",
  ]);
});
