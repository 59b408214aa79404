import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Ref } from "graphvm";

/** What the module of `writeProgram` exports. */
export interface SoakProgram {
  readonly soak: { sum(from: number): Ref<number>; part(of: number): Ref<Float64Array> };
}

/** Writes a program of about so many bytes: rules, and the functions they apply. Each number gives another one. */
export function writeProgram(folder: string, number: number, bytes: number): string {
  const parts: string[] = [];
  for (let i = 0, size = 0; size < bytes; i++) {
    parts.push(part(i));
    size += parts.at(-1)!.length;
  }
  const file = join(folder, `soak-${number}.ts`);
  writeFileSync(file, `${IMPORTS}\nconst shift = ${number};\n${parts.join("")}${SUM}`);
  return file;
}

const IMPORTS = 'import { apply, namespace, rule } from "graphvm";';

/** Numbers in each part: a job's value that stays somewhere shows. */
const SIZE = 25_000;

const SUM = `export const soak = namespace("soak", {
  part: rule((of: number) => apply((n: number) => new Float64Array(${SIZE}).fill(n * 2 + shift), of)()),
  sum: rule((from: number) =>
    apply.all((all: readonly Float64Array[]) => all.reduce((sum, { 7: one }) => sum + one!, 0))(
      Array.from({ length: 4 }, (_, i) => soak.part(from + i)))),
});
`;

/** A rule and its function, about as long as those that people write. */
function part(i: number): string {
  const lines = Array.from({ length: 8 }, (_, k) => `  if (n % ${i + k + 2} === ${k}) n += ${k + 1} * shift;\n`);
  return `function step${i}(n: number): number {\n${lines.join("")}  return n;\n}
export const rules${i} = namespace("rules${i}", { step: rule((of: number) => apply(step${i}, of)()) });\n`;
}

/** What `sum(from)` of that program gives. */
export function expected(number: number, from: number): number {
  return 2 * (4 * from + 6) + 4 * number;
}
