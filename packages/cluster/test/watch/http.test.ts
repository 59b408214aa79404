import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { disposableCluster } from "@graphvm/testing";
import { expect, test } from "vitest";
import { RuleLabels } from "../../dist/watch/rule-labels.js";
import { fixture, until } from "../helpers.js";
import { parseMetrics } from "./exposition.js";

type Numbers = typeof import("../fixtures/numbers.js");

// fetch keeps connections open, which a test that looks for leaked sockets would count
const ask = (url: string, path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
  fetch(url.replace("ws:", "http:") + path, { ...init, headers: { connection: "close", ...init.headers } });

test("C80: /healthz says that the process is up, /readyz whether jobs can run and why not", async () => {
  await using cluster = await disposableCluster({ threads: 0 });
  const healthy = await ask(cluster.url, "/healthz");
  expect([healthy.status, await healthy.text()]).toEqual([200, "ok\n"]);
  const waits = await ask(cluster.url, "/readyz?verbose");
  expect([waits.status, await waits.json()]).toEqual([503, { ready: false, why: ["no worker has joined"] }]);
  await cluster.addSocket();
  const ready = await ask(cluster.url, "/readyz");
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true, why: [] }]);
});

test("C80: HEAD has no body, other methods and paths are refused, links are still links", async () => {
  await using cluster = await disposableCluster();
  const head = await ask(cluster.url, "/metrics", { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect(Number(head.headers.get("content-length"))).toBeGreaterThan(1000);
  const post = await ask(cluster.url, "/metrics", { method: "POST", body: "x".repeat(1000) });
  expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  for (const path of ["/nowhere", "/metrics/", "/__proto__", "//healthz"]) {
    expect((await ask(cluster.url, path)).status).toBe(404);
  }
  expect((await ask(cluster.url, "/worker")).status).toBe(426);
  const browser = await ask(cluster.url, "/healthz", { headers: { origin: "http://evil.example" } });
  expect(browser.status).toBe(403);
  // fetch sets its own Host; a page that made its own name point here would send that name
  const rebound = request(`${cluster.url.replace("ws:", "http:")}/healthz`, {
    headers: { host: "evil.example", connection: "close" },
  }).end();
  const [response] = (await once(rebound, "response")) as [IncomingMessage];
  expect(response.statusCode).toBe(403);
  response.resume();
  await once(response, "end");
});

test("C81: metrics are the Prometheus text format, and tell what happened", async () => {
  await using cluster = await disposableCluster({ threads: 1, sockets: 1 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  await session.calc(numbers.both(1000, 2000), { cut: ["numbers.block"] });
  await ask(cluster.url, "/", { headers: { origin: "http://evil.example" } });
  const moved = async (): Promise<number> => (await session.status()).usage.moved;
  await until("the worker has said what it fetched", async () => (await moved()) > 0);
  const answer = await ask(cluster.url, "/metrics");
  expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const families = parseMetrics(await answer.text());
  const value = (name: string, labels: object = {}): number | undefined =>
    [...families.values()]
      .flat()
      .find((each) => each.name === name && JSON.stringify(each.labels) === JSON.stringify(labels))?.value;
  expect(value("graphvm_jobs", { state: "done" })).toBe(3);
  expect(value("graphvm_job_runs_total", { outcome: "finished" })).toBe(3);
  expect(value("graphvm_job_runs_total", { outcome: "failed" })).toBe(0);
  expect(value("graphvm_job_seconds_count", { rule: "numbers.block" })).toBe(2);
  expect(value("graphvm_workers", { kind: "websocket", state: "idle" })).toBe(1);
  expect(value("graphvm_clients")).toBe(1);
  expect(value("graphvm_refused_total", { reason: "browser" })).toBe(1);
  expect(value("graphvm_moved_bytes_total")).toBeGreaterThan(0);
  expect(value("graphvm_value_bytes", { where: "memory" })).toBeGreaterThan(8000);
  expect(value("graphvm_journal_lines_total")).toBeGreaterThan(4);
  expect(value("graphvm_journal_failed")).toBe(0);
  expect(value("graphvm_plan_seconds_count")).toBe(2);
  expect(value("process_cpu_seconds_total")).toBeGreaterThan(0);
  const again = parseMetrics(await (await ask(cluster.url, "/metrics")).text());
  expect(again.get("graphvm_jobs")).toEqual(families.get("graphvm_jobs"));
});

test("C81: where there are tokens metrics are for operators and auditors, health is for everybody", async () => {
  const tokens = { operator: "the-operators", worker: "the-workers", auditor: "the-auditors" };
  await using cluster = await disposableCluster({ token: tokens.operator, tokens });
  const status = async (path: string, token?: string) =>
    (await ask(cluster.url, path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await status("/healthz")).toBe(200);
  expect(await status("/readyz", "wrong")).toBe(200);
  expect(await status("/metrics")).toBe(401);
  expect(await status("/metrics", "wrong")).toBe(401);
  expect(await status("/metrics", tokens.worker)).toBe(403);
  expect(await status("/metrics", tokens.auditor)).toBe(200);
  expect(await status("/metrics", tokens.operator)).toBe(200);
});

test("C81: masters of one process have metrics of their own; rules after the first hundred share a label", async () => {
  await using one = await disposableCluster();
  await using two = await disposableCluster({ threads: 2 });
  const workers = async (url: string) =>
    parseMetrics(await (await ask(url, "/metrics")).text()).get("graphvm_workers_joined_total")![0]!.value;
  expect([await workers(one.url), await workers(two.url)]).toEqual([1, 2]);
  const labels = new RuleLabels();
  const given = Array.from({ length: 200 }, (_, i) => labels.of(`ns.rule${i}`));
  expect(new Set(given).size).toBe(101);
  expect([given[99], given[100], labels.of("ns.rule3")]).toEqual(["ns.rule99", "(other)", "ns.rule3"]);
});
