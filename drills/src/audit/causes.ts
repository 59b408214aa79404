import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { graphvm, type NodeVersion, type Place } from "./command.js";

/** A program, what is done to it or around it, and what a replay must say. */
interface Drill {
  readonly name: string;
  readonly expect: { readonly code: number; readonly cause?: string; readonly rule?: string };
  readonly module: string;
  /** Flags of the replay. */
  readonly flags?: readonly string[];
  /** The Node that replays, where it is to be another. */
  readonly node?: number;
  readonly env?: { readonly [name: string]: string };
}

const HEAD = `import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { apply, file, namespace, rule } from "graphvm";
`;

const PIPELINE = `${HEAD}export const ns = namespace("ns", {
  read: rule(() => apply((f) => readFileSync(f.path, "utf8").trim().split("\\n").map(Number), file("numbers.txt"))()),
  noise: rule((n) => apply((all, i) => all.map((x) => x + i * Math.random() + (Date.now() % 10)), n)(ns.read())),
  sum: rule((n) => apply((all) => all.reduce((a, b) => a + b, 0))(ns.noise(n))),
});
`.replace("apply((all, i) => all", "apply((i, all) => all");

const one = (body: string): string =>
  `${HEAD}export const ns = namespace("ns", { value: rule(() => apply(() => ${body})()) });\nexport const main = ns.value();\n`;

const MAIN = "export const main = ns.sum(2);\n";

const DRILLS: readonly Drill[] = [
  { name: "nothing", module: PIPELINE + MAIN, expect: { code: 0 } },
  {
    name: "Math.random and Date.now, plainly",
    module: one("[Math.random(), Date.now(), new Date().toISOString(), crypto.randomUUID()]"),
    expect: { code: 0 },
  },
  {
    name: "an edited rule",
    module: PIPELINE + MAIN,
    flags: ["--with-code", "m=edited.ts"],
    expect: { code: 3, cause: "code", rule: "ns.sum" },
  },
  {
    name: "a changed byte of an input",
    module: PIPELINE + MAIN,
    flags: ["--input", "numbers.txt=changed.txt"],
    expect: { code: 3, cause: "input", rule: "ns.sum" },
  },
  {
    name: "another seed",
    module: PIPELINE + MAIN,
    flags: ["--seed", "8"],
    expect: { code: 3, cause: "seed", rule: "ns.noise" },
  },
  {
    name: "Math.pow on another Node",
    module: one("Array.from({ length: 1000 }, () => Math.pow(Math.random() * 100, Math.random() * 10))"),
    node: 24,
    expect: { code: 3, cause: "environment", rule: "ns.value" },
  },
  {
    name: "a clock read by process.hrtime.bigint",
    module: one("String(process.hrtime.bigint())"),
    expect: { code: 3, cause: "nondeterminism", rule: "ns.value" },
  },
  {
    name: "a clock read by a child process",
    module: one(`execFileSync("date", ["+%N"], { encoding: "utf8" })`),
    expect: { code: 3, cause: "nondeterminism", rule: "ns.value" },
  },
  {
    name: "a variable of the environment that is not declared",
    module: one("process.env.AUDIT_DRILL ?? 'none'"),
    env: { AUDIT_DRILL: "other" },
    expect: { code: 3, cause: "environment", rule: "ns.value" },
  },
];

/** Records and replays one program for each cause; what went otherwise than it must. */
export async function drillCauses(
  nodes: readonly NodeVersion[],
  place: Place,
): Promise<{ count: number; wrong: string[] }> {
  const first = nodes[0]!;
  const numbers = Array.from({ length: 50 }, (_, i) => i * 1.5);
  writeFileSync(join(place.folder, "changed.txt"), `${numbers.map((n) => (n === 15 ? 16 : n)).join("\n")}\n`);
  const edited = (PIPELINE + MAIN).replace("reduce((a, b) => a + b, 0)", "reduce((a, b) => a + b, 1e-9)");
  writeFileSync(join(place.folder, "edited.ts"), edited);
  const wrong: string[] = [];
  for (const [i, drill] of DRILLS.entries()) {
    const node = nodes.find(({ major }) => major === (drill.node ?? first.major));
    if (node === undefined) {
      console.log(`  SKIPPED ${drill.name}: there is no Node ${drill.node}`);
      continue;
    }
    writeFileSync(join(place.folder, "numbers.txt"), `${numbers.join("\n")}\n`);
    writeFileSync(join(place.folder, "m.ts"), drill.module);
    const file = `cause-${i}.gvr`;
    const keep = ["--capture", "inputs,outputs", "--digests", "nodes", "--seed", "7"];
    const ran = await graphvm(first, ["run", "m.ts", "--record", file, ...keep], place);
    const replayed = await graphvm(node, ["replay", file, "--yes", "--verify", "nodes", ...(drill.flags ?? [])], {
      folder: place.folder,
      env: { ...place.env, ...drill.env },
    });
    const found = replayed.json.first as { cause?: string; rule?: string; why?: string; node?: string } | undefined;
    const { code, cause, rule } = drill.expect;
    const right = ran.code === 0 && replayed.code === code && found?.cause === cause && found?.rule === rule;
    const said = found ? `${found.cause} in ${found.rule} ${found.node}` : "equal";
    console.log(`  ${right ? "ok   " : "WRONG"} ${drill.name}: exit ${replayed.code}, ${said}`);
    if (!right) wrong.push(`${drill.name}: ${ran.stderr} ${replayed.stderr} ${JSON.stringify(replayed.json)}`);
  }
  return { count: DRILLS.length, wrong };
}
