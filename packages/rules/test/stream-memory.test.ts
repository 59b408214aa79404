import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

// A process of its own: whether its heap is flat must not depend on the test runner's.
const PROGRAM = `
  import { apply, createGraph, namespace, rule, stream } from "@graphvm/rules";
  const own = namespace("own", { square: rule((x) => apply((v) => Float64Array.from([v, v * v]))(x)),
    first: rule((x) => apply((v) => v[1])(x)) });
  const top = stream.average(own.first(own.square(stream.source("x"))));
  const wide = namespace("wide", { top: rule(() => apply((...xs) => xs.length)(top, stream.sliding(top, 10), stream.tumbling(top, 7), stream.previous(top, 3, 0))) });
  function* numbers(n) { for (let i = 0; i < n; i++) yield i % 1000; }
  let batches = 0;
  const heap = [];
  for await (const _ of createGraph().stream(wide.top(), { source: numbers(100000) })) {
    batches++;
    if (batches === 10000 || batches === 100000) { gc(); gc(); const used = process.memoryUsage(); heap.push(used.heapUsed + used.arrayBuffers); }
  }
  console.log(JSON.stringify({ batches, growth: heap[1] - heap[0] }));
`;

test("T13: the heap is flat over 100,000 batches", () => {
  const args = ["--expose-gc", "--input-type=module", "-e", PROGRAM];
  const { batches, growth } = JSON.parse(
    execFileSync(process.execPath, args, { encoding: "utf8", cwd: import.meta.dirname }),
  ) as {
    batches: number;
    growth: number;
  };
  expect(batches).toBe(100_000);
  expect(growth).toBeLessThan(500_000);
});
