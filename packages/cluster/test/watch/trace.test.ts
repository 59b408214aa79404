import { disposableCluster } from "@graphvm/testing";
import { context, propagation, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { afterEach, expect, test } from "vitest";
import { Peer } from "../../dist/rpc/peer.js";
import { memoryLink } from "../../dist/transport/memory.js";
import { traceparent, within } from "../../dist/watch/trace.js";
import { failureOf, fixture } from "../helpers.js";

type Numbers = typeof import("../fixtures/numbers.js");
type Faults = typeof import("../fixtures/faults.js");

afterEach(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

/** Registers a provider, as a user's program does, and keeps its spans. */
function tracing() {
  const exporter = new InMemorySpanExporter();
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
  const spans = (name: string): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.name === name);
  return { exporter, spans };
}

const parentOf = (span: ReadableSpan): string | undefined => span.parentSpanContext?.spanId;
const idOf = (span: ReadableSpan): string => span.spanContext().spanId;

test("C84: a calculation is one trace from the client through master and worker to what the worker fetched", async () => {
  const { exporter, spans } = tracing();
  await using cluster = await disposableCluster({ threads: 0, sockets: 2 });
  const { session } = cluster;
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  exporter.reset();
  await trace.getTracer("test").startActiveSpan("mine", async (span) => {
    await session.calc(numbers.both(1000, 2000), { cut: ["numbers.block"] });
    span.end();
  });
  const [mine] = spans("mine");
  const all = exporter.getFinishedSpans();
  expect(new Set(all.map((span) => span.spanContext().traceId)).size).toBe(1);
  const calls = all.filter((span) => parentOf(span) === idOf(mine!));
  expect(calls.length).toBeGreaterThan(0);
  expect(calls.every(({ name }) => name.startsWith("graphvm."))).toBe(true);
  expect(spans("graphvm.plan").every((span) => calls.some((call) => idOf(call) === parentOf(span)))).toBe(true);
  const jobs = spans("graphvm.job");
  expect(jobs.map(({ attributes }) => attributes["graphvm.rule"]).sort()).toEqual([
    "numbers.block",
    "numbers.block",
    "numbers.both",
  ]);
  expect(jobs.every((job) => calls.some((call) => idOf(call) === parentOf(job)))).toBe(true);
  const runs = spans("graphvm.run");
  expect(runs.map(parentOf).sort()).toEqual(jobs.map(idOf).sort());
  expect(runs.every(({ attributes }) => Number(attributes["graphvm.seconds"]) > 0)).toBe(true);
  const fetches = spans("graphvm.fetch");
  expect(fetches.length).toBeGreaterThan(0);
  expect(fetches.every((fetch) => runs.some((run) => idOf(run) === parentOf(fetch)))).toBe(true);
});

test("C84: a job that fails marks its spans, and what looks like a secret is not in them", async () => {
  const { exporter, spans } = tracing();
  await using cluster = await disposableCluster();
  const { faults } = await cluster.session.load<Faults>(fixture("faults.ts"));
  await failureOf(cluster.session.calc(faults.throws("https://me:planted@example.org/?token=planted")));
  expect(spans("graphvm.job")[0]).toMatchObject({
    status: { code: SpanStatusCode.ERROR, message: expect.stringContaining("[redacted]") },
    attributes: { "graphvm.rule": "faults.throws", "graphvm.error": "GVM1101" },
  });
  const told = exporter
    .getFinishedSpans()
    .map(({ name, status, attributes, events }) => [name, status, attributes, events]);
  expect(JSON.stringify(told)).not.toContain("planted");
});

test("C84: without a provider nothing travels; what comes is no part of what went on here before", async () => {
  const [near, far] = memoryLink();
  const seen: unknown[] = [];
  far.onMessage((message) => seen.push(message));
  void new Peer(near, {}, "other").call("x").catch(() => {});
  await Promise.resolve();
  expect(seen).toEqual([{ call: 1, method: "x", params: {} }]);
  tracing();
  const parent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  expect(within(parent, traceparent)).toBe(parent);
  await trace.getTracer("test").startActiveSpan("mine", async (span) => {
    expect(traceparent()).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(within(undefined, traceparent)).toBeUndefined();
    expect(within(parent, traceparent)).toBe(parent);
    span.end();
  });
});
