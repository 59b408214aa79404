import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { JOB_TRANSITIONS } from "../../dist/scheduler/job.js";
import { WORKER_TRANSITIONS } from "../../dist/scheduler/worker.js";

type Table = { readonly [from: string]: { readonly [to: string]: string } };

/** What the picture under a heading draws. */
function drawn(heading: string): string[] {
  const text = readFileSync(new URL("../../../../docs/design/scheduler-states.md", import.meta.url), "utf8");
  const mermaid = /```mermaid\n([\s\S]*?)```/.exec(text.slice(text.indexOf(`\n## ${heading}\n`)))![1]!;
  return [...mermaid.matchAll(/^\s*(\w+) --> (\w+): (.+)$/gm)].map(([, from, to, why]) => `${from} ${to}: ${why}`);
}

const rows = (table: Table): string[] =>
  Object.entries(table).flatMap(([from, row]) => Object.entries(row).map(([to, why]) => `${from} ${to}: ${why}`));

for (const [heading, table] of [
  ["Jobs", JOB_TRANSITIONS as Table],
  ["Workers", WORKER_TRANSITIONS as Table],
] as const) {
  test(`C10: the picture of ${heading.toLowerCase()} in docs/design/scheduler-states.md shows their table, no more and no less`, () => {
    expect(drawn(heading).sort()).toEqual(rows(table).sort());
  });
}
