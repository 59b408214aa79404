import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startNats } from "@graphvm/testing";
import { type Takeover, TakeoverDrill } from "./takeover/drill.js";

const { values } = parseArgs({ options: { kills: { type: "string", default: "20" } } });
const kills = Number(values.kills);
if (!Number.isSafeInteger(kills) || kills < 1) {
  console.error("usage: npm run takeover-drill -- [--kills 20]");
  process.exit(2);
}
process.exit(await drill());

async function drill(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-takeover-"));
  try {
    await using nats = await startNats({ servers: 3 });
    const takeovers: Takeover[] = [];
    const drill = new TakeoverDrill(nats, folder);
    await drill.run(kills, (takeover) => {
      takeovers.push(takeover);
      const { answered, value } = takeover;
      console.log(
        `kill ${takeovers.length}: a call is answered after ${answered.toFixed(2)} s, a value after ${value.toFixed(2)} s`,
      );
    });
    for (const line of drill.wrong) console.log(`WRONG: ${line}`);
    console.log(
      `takeover: over ${kills} kills of the leader, until a call is answered median ${spread(takeovers.map(({ answered }) => answered))}; ` +
        `until a finished job's value is there median ${spread(takeovers.map(({ value }) => value))}; ` +
        (drill.wrong.length === 0 ? "nothing lost, nothing run again, the journal without a gap" : "WRONG"),
    );
    return drill.wrong.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function spread(seconds: readonly number[]): string {
  const sorted = [...seconds].sort((a, b) => a - b);
  const median = (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
  return `${median.toFixed(2)} s, worst ${sorted.at(-1)!.toFixed(2)} s`;
}
