import { copyFileSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FileMissingError } from "graphvm/ml";
import { DATA, PLANES, type Plane } from "./regions-names.js";

/** A plane's volume, and how many bytes of measurements lie in it. */
export interface PlaneData {
  readonly plane: Plane;
  /** The folder that is the volume. */
  readonly volume: string;
  readonly bytes: number;
}

/** The volume's name is the first segment of what the pipeline reads. */
export const [VOLUME, FILE] = DATA.split("/") as [string, string];

/**
 * Gives every plane a folder with its measurements: `CCGT.csv`, `WIND.csv` and `NPSHYD.csv` of a folder, or generated ones of
 * that shape.
 *
 * @throws FileMissingError
 */
export function keepRegions(
  folder: string,
  { data, days, seed }: { readonly data?: string; readonly days: number; readonly seed: number },
): PlaneData[] {
  return PLANES.map((plane, i) => {
    const volume = join(folder, plane);
    mkdirSync(volume, { recursive: true });
    const path = join(volume, FILE);
    if (data === undefined) writeFileSync(path, generation(plane, days, 3 * seed + i));
    else {
      const from = join(data, `${plane.toUpperCase()}.csv`);
      if (!existsSync(from))
        throw new FileMissingError(`${from} is not there: name a folder that has it.`, { file: from });
      copyFileSync(from, path);
    }
    return { plane, volume, bytes: statSync(path).size };
  });
}

/** What a fuel gives on the whole, over a day and at random, in MW. */
const SHAPES: { readonly [plane in Plane]: readonly [mean: number, day: number, week: number, chance: number] } = {
  ccgt: [12_000, 3_000, 1_500, 900],
  wind: [8_000, 400, 0, 1_500],
  npshyd: [450, 120, 20, 40],
};

/** Half-hourly measurements of a fuel, with a wander that keeps on. */
function generation(plane: Plane, days: number, seed: number): string {
  const [mean, day, week, chance] = SHAPES[plane];
  const random = mulberry(seed);
  const lines = [`HDF,datetime,${plane.toUpperCase()},OTHER`];
  let wander = 0;
  for (let i = 0; i < 48 * days; i++) {
    const hours = i / 2;
    wander = 0.98 * wander + chance * 0.2 * (random() + random() - 1);
    const mw =
      mean + day * Math.sin((Math.PI * (hours - 8)) / 12) + week * Math.sin((Math.PI * hours) / 84) + 5 * wander;
    const at = new Date(Date.UTC(2022, 8, 1) + i * 1_800_000).toISOString().slice(0, 19).replace("T", " ");
    lines.push(`FUELHH,${at},${Math.max(0, Math.round(mw))},${Math.round(150 + 50 * random())}.0`);
  }
  return `${lines.join("\n")}\n`;
}

/** A small generator of random numbers: the same seed, the same data. */
function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
