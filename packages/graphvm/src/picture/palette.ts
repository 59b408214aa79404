/** Okabe and Ito's colours, told apart by colour-blind people too; the yellow is darkened, which on white is too faint. */
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#c9b400", "#7a5195"];

/** How a worker is drawn: its colour, tints of it, and a line style that tells workers of the same colour apart. */
export interface Paint {
  readonly line: string;
  readonly job: string;
  readonly inner: string;
  readonly area: string;
  readonly dashed: boolean;
}

/** What no worker computed. */
export const UNPAINTED: Paint = { line: "#5c6670", job: "#dfe3e8", inner: "#f3f5f7", area: "#fafbfc", dashed: false };

/** A paint for each worker, in the order of their names' numbers. */
export function paints(workers: Iterable<string>): Map<string, Paint> {
  const names = [...new Set(workers)].sort(byNumber);
  return new Map(names.map((name, i) => [name, paint(i)]));
}

function paint(i: number): Paint {
  const line = COLOURS[i % COLOURS.length]!;
  return { line, job: tint(line, 0.42), inner: tint(line, 0.16), area: tint(line, 0.06), dashed: i >= COLOURS.length };
}

/** A colour on white, with that much of it. */
function tint(colour: string, amount: number): string {
  const channels = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16);
    return Math.round(255 + (value - 255) * amount);
  });
  return `#${channels.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** `w2` before `w10`. */
function byNumber(a: string, b: string): number {
  const [m, n] = [a, b].map((name) => Number(name.replace(/\D/g, "") || 0)) as [number, number];
  return m - n || (a < b ? -1 : 1);
}
