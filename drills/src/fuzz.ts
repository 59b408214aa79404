import { parseArgs } from "node:util";
import { GoodClient } from "./fuzz/good-client.js";
import { peer } from "./fuzz/peers.js";
import { stranger } from "./fuzz/strangers.js";
import { Target, type TargetTokens } from "./fuzz/target.js";
import { Random } from "./random.js";

/** Attacks that run side by side. */
const AT_ONCE = 16;
/** Rounds of attacks between two looks at a master. */
const ROUNDS = 3;
/** What was done last: told where something goes wrong. */
const REMEMBERED = 60;
/** What a master may grow by once it is warm. */
const GROWTH = 250e6;

const TOKENS: TargetTokens = {
  operator: "operator-0123456789",
  worker: "worker-0123456789",
  auditor: "auditor-0123456789",
};

/** A master that is attacked, and how it does. */
interface Siege {
  readonly target: Target;
  readonly client: GoodClient;
  readonly name: string;
  checks: number;
  /** Resident bytes when it was warm, and most since. */
  warm: number;
  most: number;
}

const { values } = parseArgs({ options: { seconds: { type: "string" }, seed: { type: "string" } } });
const seconds = Number(values.seconds ?? 60);
const seed = Number(values.seed ?? 1);
if (!(seconds > 0) || !Number.isSafeInteger(seed)) {
  console.error("usage: npm run fuzz -- [--seconds 60] [--seed 1]");
  process.exit(2);
}
process.exit(await fuzz(seconds, seed));

/** Attacks live masters for so long; the exit code. */
async function fuzz(seconds: number, seed: number): Promise<number> {
  const last: string[] = [];
  const note = (what: string): void => {
    if (last.push(what) > REMEMBERED) last.shift();
  };
  const sieges: Siege[] = [];
  let attacks = 0;
  const start = performance.now();
  const passed = (): number => (performance.now() - start) / 1000;
  try {
    for (const [name, tokens] of [
      ["with tokens", TOKENS],
      ["without a token", {}],
    ] as const) {
      const target = await Target.start(tokens);
      sieges.push({ target, client: await GoodClient.open(target), name, checks: 0, warm: 0, most: 0 });
    }
    for (let round = 0; passed() < seconds || round < sieges.length; round++) {
      const siege = sieges[round % sieges.length]!;
      for (let i = 0; i < ROUNDS; i++) {
        const some = Array.from({ length: AT_ONCE }, () => {
          const random = new Random(seed * 1_000_003 + attacks++);
          const attack = random.below(2) === 0 ? stranger : peer;
          return attack(siege.target, random, (what) => note(`${siege.name}: ${what}`));
        });
        await within("attacks to end", Promise.all(some));
      }
      await look(siege, new Random(seed + round), passed() > seconds / 4);
    }
    for (const { name, checks, warm, most } of sieges)
      console.log(`fuzz ${name}: ${checks} checks, memory ${mb(warm)} when warm, ${mb(most)} at most`);
    console.log(
      `fuzz: ${attacks} attacks in ${passed().toFixed(1)} s with seed ${seed}: every good call was answered rightly`,
    );
    return 0;
  } catch (error) {
    for (const line of last) console.error(`  ${line}`);
    for (const { name, target } of sieges) for (const problem of target.problems) console.error(`${name}: ${problem}`);
    console.error(
      `fuzz FAILED with seed ${seed} after ${attacks} attacks: ${error instanceof Error ? error.stack : error}`,
    );
    return 1;
  } finally {
    for (const { client, target } of sieges) {
      await client.close();
      await target.stop();
    }
  }
}

/** Whether a master is as it should be. */
async function look(siege: Siege, random: Random, warm: boolean): Promise<void> {
  await within(`a good client of the master ${siege.name}`, siege.client.check(random));
  const rss = await siege.target.memory();
  if (siege.target.problems.length > 0) throw new Error("something went wrong inside the master");
  siege.checks++;
  if (siege.warm === 0 || !warm) siege.warm = Math.max(siege.warm, rss);
  siege.most = Math.max(siege.most, rss);
  if (rss > siege.warm + GROWTH) throw new Error(`memory grew from ${mb(siege.warm)} to ${mb(rss)}`);
}

/** Something that hangs is a failure with a name. */
async function within<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited too long for ${what}`)), 60_000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function mb(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
