import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { planOf } from "./chaos/faults.js";
import { makeData, quietRun } from "./chaos/pipeline.js";
import { ChaosRun, type RunReport } from "./chaos/run.js";
import { Random } from "./random.js";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    rows: { type: "string", default: "20000" },
    json: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
/** With fewer a block may hold no fraud at all. */
const LEAST_ROWS = 6000;

const [runs, seed, rows] = [values.runs, values.seed, values.rows].map(Number) as [number, number, number];
if (![runs, seed, rows].every((n) => Number.isSafeInteger(n) && n > 0) || rows < LEAST_ROWS) {
  console.error("usage: npm run chaos -- [--runs 50] [--seed 1] [--rows 20000] [--json] [--verbose]");
  process.exit(2);
}
process.exit(await chaos());

/** Runs the drill; the exit code. In every fifth run the master is killed too: where the seed is a multiple of 5. */
async function chaos(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-chaos-"));
  const say = values.json ? () => {} : console.log;
  try {
    const data = await makeData(folder, rows);
    const quiet = { plain: await quietRun(data, false), pinned: await quietRun(data, true) };
    say(`quiet run: ${quiet.plain.digests.size} jobs, AUC ${quiet.plain.auc}`);
    const reports: RunReport[] = [];
    for (let each = seed; each < seed + runs; each++) {
      const plan = planOf(new Random(each), quiet.plain.digests.size, each % 5 === 0);
      const report = await new ChaosRun(each, plan, data, folder).run(plan.pinned ? quiet.pinned : quiet.plain);
      reports.push(report);
      say(lineOf(report));
      if (report.wrong.length > 0 || values.verbose)
        say([...report.log, ...report.wrong].map((line) => `    ${line}`).join("\n"));
    }
    const failed = reports.filter(({ wrong }) => wrong.length > 0);
    say(`chaos: ${runs - failed.length} of ${runs} runs ended with the digests of the quiet run`);
    for (const { seed: bad } of failed) say(`again: npm run chaos -- --runs 1 --seed ${bad} --rows ${rows}`);
    if (values.json)
      console.log(
        JSON.stringify({ runs, rows, equal: runs - failed.length, failed: failed.map((r) => r.seed), reports }),
      );
    return failed.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lineOf({ seed, faults, resumed, seconds, wrong }: RunReport): string {
  const verdict = wrong.length === 0 ? "equal" : "WRONG";
  return `seed ${seed}: ${verdict} (${faults} faults${resumed ? ", the master too" : ""}, ${seconds.toFixed(1)} s)`;
}
