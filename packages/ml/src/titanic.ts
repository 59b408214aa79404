import { writeFile } from "node:fs/promises";
import { createRandom, type Random } from "@graphvm/engine";
import { BadOptionError } from "./errors.js";

/** How many passengers to make, and from which seed (0 if not given). */
export interface TitanicOptions {
  readonly rows: number;
  readonly seed?: number;
}

/** The columns, in file order. */
export const TITANIC_COLUMNS = [
  "survived",
  "pclass",
  "name",
  "sex",
  "age",
  "sibsp",
  "parch",
  "ticket",
  "fare",
  "cabin",
  "embarked",
] as const;

const SURNAMES = [
  "Abbott",
  "Brewer",
  "Carlsen",
  "Dahl",
  "Eriksson",
  "Fox",
  "Goldberg",
  "Hansen",
  "Kelly",
  "O'Brien",
  "Moreau",
  "Rossi",
];
const MEN = ["Albert", "Carl", "Edward", "George", "James", "John", "Patrick", "William"];
const WOMEN = ["Agnes", "Anna", "Bridget", "Elizabeth", "Helen", "Margaret", "Mary", "Rosa"];

/** Of 1,000 passengers, those in first, and in first or second class. */
const CLASSES = [242, 449] as const;
/** Points of a class: how many of 1,000 are women, the usual fare in pence, how many of 1,000 cabins are known. */
const OF_CLASS = [
  { women: 435, fare: 6000, cabins: 815 },
  { women: 413, fare: 1500, cabins: 87 },
  { women: 293, fare: 850, cabins: 24 },
] as const;

/**
 * Makes passengers like those of the Titanic's list: the columns, gaps (a fifth of the ages, three quarters of the cabins)
 * and shares of the published 891 rows, women, children and the first class surviving more often. All names are made up.
 * Equal options give equal bytes.
 *
 * @throws BadOptionError unless rows is a whole number from 1 up.
 */
export function generateTitanic({ rows, seed = 0 }: TitanicOptions): string {
  if (!Number.isSafeInteger(rows) || rows < 1) {
    throw new BadOptionError(`rows is ${rows}; ask for 1 row or more.`, { option: "rows", value: rows });
  }
  const random = createRandom(seed);
  const lines = Array.from({ length: rows }, () => passenger(random));
  return `${[TITANIC_COLUMNS.join(","), ...lines].join("\n")}\n`;
}

/** Writes what `generateTitanic` makes. */
export async function writeTitanicCsv(path: string, options: TitanicOptions): Promise<void> {
  await writeFile(path, generateTitanic(options));
}

const oneOf = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)]!;
const chance = (random: Random, inThousand: number): boolean => random.below(1000) < inThousand;

function passenger(random: Random): string {
  const drawn = random.below(1000);
  const pclass = drawn < CLASSES[0] ? 1 : drawn < CLASSES[1] ? 2 : 3;
  const { women, fare, cabins } = OF_CLASS[pclass - 1]!;
  const female = chance(random, women);
  const child = chance(random, pclass === 1 ? 20 : 110);
  const age = child ? random.below(15) + (random.below(12) === 0 ? 0.5 : 0) : adultAge(random, pclass);
  const sibsp = family(random, child ? 750 : 280);
  const parch = child ? 1 + random.below(2) : family(random, 180);
  const paid = Math.round((fare * (60 + random.below(80) + random.below(60)) * (1 + (sibsp + parch) * 0.7)) / 100);
  const port = random.below(1000);
  const embarked = port < 2 ? "" : port < 190 + (pclass === 1 ? 200 : 0) ? "C" : port < 275 && pclass === 3 ? "Q" : "S";
  const survived = chance(random, odds(pclass, female, child, sibsp + parch));
  const title = female
    ? child || (sibsp === 0 && chance(random, 600))
      ? "Miss"
      : "Mrs"
    : child
      ? "Master"
      : rareTitle(random);
  const name = `"${oneOf(random, SURNAMES)}, ${title}. ${oneOf(random, female ? WOMEN : MEN)}"`;
  const cabin = chance(random, cabins) ? `${oneOf(random, [..."ABCDE"])}${1 + random.below(120)}` : "";
  const known = !chance(random, pclass === 3 ? 277 : 100);
  const ticket = `${chance(random, 250) ? "PC " : ""}${10_000 + random.below(340_000)}`;
  return [
    Number(survived),
    pclass,
    name,
    female ? "female" : "male",
    known ? age : "",
    sibsp,
    parch,
    ticket,
    pounds(paid),
    cabin,
    embarked,
  ].join(",");
}

function adultAge(random: Random, pclass: number): number {
  return 15 + random.below(pclass === 1 ? 26 : 14) + random.below(pclass === 3 ? 14 : 24);
}

function family(random: Random, inThousand: number): number {
  let size = 0;
  for (let likely = inThousand; size < 8 && chance(random, likely); likely = 300) size++;
  return size;
}

function rareTitle(random: Random): string {
  return chance(random, 30) ? oneOf(random, ["Dr", "Rev", "Major", "Col"]) : "Mr";
}

/** How many of 1,000 like these survived, about as in the published rows. */
function odds(pclass: number, female: boolean, child: boolean, relatives: number): number {
  if (relatives >= 4) return pclass === 3 ? 110 : 500;
  if (female) return pclass === 1 ? 970 : pclass === 2 ? 920 : 520;
  if (child) return pclass === 3 ? 380 : 950;
  return pclass === 1 ? 370 : pclass === 2 ? 90 : 120;
}

function pounds(pence: number): string {
  return (pence / 100).toFixed(2).replace(/\.?0+$/, "");
}
