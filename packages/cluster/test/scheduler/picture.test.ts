import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { JOB_TRANSITIONS } from "../../dist/scheduler/job.js";

test("C10: the picture in docs/design/scheduler-states.md shows the table of transitions, no more and no less", () => {
  const text = readFileSync(new URL("../../../../docs/design/scheduler-states.md", import.meta.url), "utf8");
  const mermaid = /```mermaid\n([\s\S]*?)```/.exec(text)![1]!;
  const drawn = [...mermaid.matchAll(/^\s*(\w+) --> (\w+): (.+)$/gm)].map(
    ([, from, to, why]) => `${from} ${to}: ${why}`,
  );
  const table = Object.entries(JOB_TRANSITIONS).flatMap(([from, row]) =>
    Object.entries(row).map(([to, why]) => `${from} ${to}: ${why}`),
  );
  expect(drawn.sort()).toEqual(table.sort());
});
