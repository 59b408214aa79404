import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startNats } from "@graphvm/testing";
import { fabricPlanOf } from "./chaos/fabric-plan.js";
import { FabricRun } from "./chaos/fabric-run.js";
import { planOf } from "./chaos/faults.js";
import { type Data, makeData, type Outcome, quietRun } from "./chaos/pipeline.js";
import { ChaosRun, type RunReport } from "./chaos/run.js";
import { Random } from "./random.js";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    rows: { type: "string", default: "20000" },
    fabric: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
/** With fewer a block may hold no fraud at all. */
const LEAST_ROWS = 6000;

const [runs, seed, rows] = [values.runs, values.seed, values.rows].map(Number) as [number, number, number];
if (![runs, seed, rows].every((n) => Number.isSafeInteger(n) && n > 0) || rows < LEAST_ROWS) {
  console.error("usage: npm run chaos -- [--runs 50] [--seed 1] [--rows 20000] [--fabric] [--json] [--verbose]");
  process.exit(2);
}
process.exit(await chaos());

/** Runs the drill; the exit code. */
async function chaos(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-chaos-"));
  const say = values.json ? () => {} : console.log;
  try {
    const data = await makeData(folder, rows);
    const reports: RunReport[] = [];
    for await (const report of values.fabric ? onFabric(data, say) : onSockets(data, folder, say)) {
      reports.push(report);
      say(lineOf(report));
      if (report.wrong.length > 0 || (report.reruns ?? 0) > 0 || values.verbose)
        say([...report.log, ...report.wrong].map((line) => `    ${line}`).join("\n"));
    }
    const failed = reports.filter(({ wrong }) => wrong.length > 0);
    const reruns = reports.reduce((sum, report) => sum + (report.reruns ?? 0), 0);
    const counted = values.fabric ? `; ${reruns} finished jobs ran again whose result was still there` : "";
    say(`chaos: ${runs - failed.length} of ${runs} runs ended with the digests of the quiet run${counted}`);
    const more = values.fabric ? " --fabric" : "";
    for (const { seed: bad } of failed) say(`again: npm run chaos --${more} --runs 1 --seed ${bad} --rows ${rows}`);
    if (values.json)
      console.log(
        JSON.stringify({ runs, rows, equal: runs - failed.length, reruns, failed: failed.map((r) => r.seed), reports }),
      );
    return failed.length === 0 && reruns === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In every fifth run the master is killed too: where the seed is a multiple of 5. */
async function* onSockets(data: Data, folder: string, say: (line: string) => void): AsyncGenerator<RunReport> {
  const quiet = { plain: await quietRun(data, false), pinned: await quietRun(data, true) };
  say(quietLine(quiet.plain));
  for (let each = seed; each < seed + runs; each++) {
    const plan = planOf(new Random(each), quiet.plain.digests.size, each % 5 === 0);
    yield await new ChaosRun(each, plan, data, folder).run(plan.pinned ? quiet.pinned : quiet.plain);
  }
}

/** All runs on the same three servers of NATS, which are whole again when the next begins. */
async function* onFabric(data: Data, say: (line: string) => void): AsyncGenerator<RunReport> {
  const quiet = await quietRun(data, false);
  say(quietLine(quiet));
  await using nats = await startNats({ servers: 3 });
  for (let each = seed; each < seed + runs; each++) {
    const plan = fabricPlanOf(new Random(each), quiet.digests.size);
    yield await new FabricRun(each, plan, data, nats).run(quiet);
  }
}

function quietLine({ digests, auc }: Outcome): string {
  return `quiet run: ${digests.size} jobs, AUC ${auc}`;
}

function lineOf({ seed, faults, resumed, seconds, wrong, reruns, again }: RunReport): string {
  const verdict = wrong.length === 0 ? "equal" : "WRONG";
  const jobs = again === undefined ? "" : `, ${again} jobs again, ${reruns} of them for nothing`;
  return `seed ${seed}: ${verdict} (${faults} faults${resumed ? ", the master too" : ""}${jobs}, ${seconds.toFixed(1)} s)`;
}
