import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { createRandom, type Random } from "@graphvm/engine";
import { BadOptionError } from "./errors.js";

/** How many transactions to make, and from which seed (0 if not given). */
export interface PaysimOptions {
  readonly rows: number;
  readonly seed?: number;
}

/** The columns, in file order. */
export const PAYSIM_COLUMNS = [
  "step",
  "type",
  "amount",
  "nameOrig",
  "oldbalanceOrg",
  "newbalanceOrig",
  "nameDest",
  "oldbalanceDest",
  "newbalanceDest",
  "isFraud",
  "isFlaggedFraud",
] as const;

/** The published data: 6,362,620 transactions over 743 hourly steps, 8,213 of them fraud (.13 %). */
const STEPS = 743;
const FRAUD_RATE = 0.0013;

/** Running shares of the published types: CASH_OUT 35.2 %, PAYMENT 33.8 %, CASH_IN 22.0 %, TRANSFER 8.4 %, DEBIT .65 %. */
const CASH_OUT = 0.35166;
const PAYMENT = CASH_OUT + 0.33815;
const CASH_IN = PAYMENT + 0.21992;
const TRANSFER = CASH_IN + 0.08376;

/** 10 million currency units: the simulator's limit for one transfer, in cents. */
const LIMIT = 1_000_000_000;

/**
 * Makes transactions like those of PaySim (Lopez-Rojas, Elmir and Axelsson 2016, "PaySim: a financial mobile money
 * simulator for fraud detection"), with the structure of the published data: five types in its proportions; fraud only
 * in TRANSFER and CASH_OUT, emptying the account; .13 % fraud, spread evenly over time (fraud comes in pairs in the
 * original: a transfer, then a cash-out); merchants as destinations of payments, without balances; balances of senders
 * stop at 0.  Nothing is flagged (16 rows are, in the
 * published 6,362,620). Yields pieces of CSV, the header first, about 75 bytes a row. Equal options give equal bytes.
 *
 * @throws BadOptionError unless rows is a whole number from 1 up.
 */
export function* generatePaysim(options: PaysimOptions): Generator<string, void, void> {
  const { rows, seed = 0 } = options;
  if (!Number.isSafeInteger(rows) || rows < 1) {
    throw new BadOptionError(`rows is ${rows}; ask for 1 row or more.`, { option: "rows", value: rows });
  }
  const random = createRandom(seed);
  let text = `${PAYSIM_COLUMNS.join(",")}\n`;
  let owed: { step: number; cents: number } | undefined; // the second half of a fraud
  for (let row = 0; row < rows; row++) {
    const step = 1 + Math.floor((row * STEPS) / rows);
    if (owed !== undefined) {
      text += fraud(random, owed.step, "CASH_OUT", owed.cents);
      owed = undefined;
    } else if (random.next() < FRAUD_RATE / (2 - FRAUD_RATE)) {
      const cents = amount(random, 44_000_000, 1.9);
      text += fraud(random, step, "TRANSFER", cents);
      owed = { step, cents };
    } else text += honest(random, step);
    if (text.length > 262_144) {
      yield text;
      text = "";
    }
  }
  if (text !== "") yield text;
}

/**
 * Writes `generatePaysim` to a file: to a temporary name beside it, then renamed, so that the file is never seen half
 * written. Returns the file's size in bytes.
 *
 * @example
 * await writePaysimCsv("transactions.csv", { rows: 1_000_000, seed: 7 });
 */
export async function writePaysimCsv(path: string, options: PaysimOptions): Promise<number> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  let handle: FileHandle | undefined;
  let size = 0;
  try {
    for (const text of generatePaysim(options)) {
      handle ??= await open(temporary, "wx");
      const bytes = Buffer.from(text, "latin1");
      await handle.writeFile(bytes);
      size += bytes.length;
    }
    await handle?.close();
    await rename(temporary, path);
    return size;
  } catch (error) {
    await handle?.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

function honest(random: Random, step: number): string {
  const kind = random.next();
  if (kind < CASH_OUT) {
    const cents = amount(random, 14_500_000, 0.9);
    return out(random, step, "CASH_OUT", cents, senderBalance(random, 0.45, cents));
  }
  if (kind < PAYMENT) {
    const cents = amount(random, 800_000, 0.95);
    const old = senderBalance(random, 0.36, cents);
    return line(step, "PAYMENT", cents, customer(random), old, Math.max(0, old - cents), merchant(random), 0, 0, 0);
  }
  if (kind < CASH_IN) {
    const cents = amount(random, 13_500_000, 0.95);
    const old = random.next() < 0.3 ? amount(random, 3_000_000, 1.2) : amount(random, 300_000_000, 1.3);
    const dest = destBalance(random);
    return line(
      step,
      "CASH_IN",
      cents,
      customer(random),
      old,
      old + cents,
      customer(random),
      dest,
      Math.max(0, dest - cents),
      0,
    );
  }
  if (kind < TRANSFER) {
    const cents = amount(random, 40_000_000, 1.2);
    return out(random, step, "TRANSFER", cents, senderBalance(random, 0.55, cents));
  }
  const cents = amount(random, 300_000, 1.1);
  return out(random, step, "DEBIT", cents, senderBalance(random, 0.3, cents));
}

/** Money from a customer to an account; a sender without enough sends all the same, and has 0 after it. */
function out(random: Random, step: number, type: string, cents: number, old: number): string {
  const dest = destBalance(random);
  return line(
    step,
    type,
    cents,
    customer(random),
    old,
    Math.max(0, old - cents),
    customer(random),
    dest,
    dest + cents,
    0,
  );
}

/** The fraudster takes all there is, to an account that often shows no balance. */
function fraud(random: Random, step: number, type: "TRANSFER" | "CASH_OUT", cents: number): string {
  const empty = random.next() < (type === "TRANSFER" ? 0.99 : 0.3);
  const dest = empty ? 0 : destBalance(random);
  const after = type === "TRANSFER" && empty ? 0 : dest + cents;
  return line(step, type, cents, customer(random), cents, 0, customer(random), dest, after, 1);
}

/** Balance of a sender, in cents: often nothing, otherwise unrelated to the amount, now and then just the amount. */
function senderBalance(random: Random, none: number, cents: number): number {
  const kind = random.next();
  if (kind < none) return 0;
  if (kind < none + 0.002) return cents;
  return amount(random, 4_500_000, 1.6);
}

function destBalance(random: Random): number {
  return random.next() < 0.22 ? 0 : amount(random, 60_000_000, 1.7);
}

/** An amount in cents around a median, right-skewed: the median times a power of e, by a rational stand-in for exp. */
function amount(random: Random, median: number, spread: number): number {
  // Sum of 4 uniforms, centred and scaled to a variance of 1: near enough to normal, and only additions.
  const z = (random.next() + random.next() + random.next() + random.next() - 2) * 1.7320508075688772;
  const half = (z * spread) / 8;
  let factor = (1 + half / 2) / (1 - half / 2); // Padé approximation of exp(half)
  factor *= factor;
  factor *= factor;
  factor *= factor;
  return Math.max(1, Math.min(LIMIT, Math.round(median * factor)));
}

function customer(random: Random): string {
  return `C${1_000_000_000 + random.below(1_147_483_648)}`;
}

function merchant(random: Random): string {
  return `M${1_000_000_000 + random.below(1_147_483_648)}`;
}

/** Cents as PaySim prints money: at least one decimal, at most two. */
function money(cents: number): string {
  const whole = Math.floor(cents / 100);
  const rest = cents - whole * 100;
  if (rest % 10 === 0) return `${whole}.${rest / 10}`;
  return rest < 10 ? `${whole}.0${rest}` : `${whole}.${rest}`;
}

function line(
  step: number,
  type: string,
  cents: number,
  from: string,
  fromOld: number,
  fromNew: number,
  to: string,
  toOld: number,
  toNew: number,
  isFraud: number,
): string {
  return `${step},${type},${money(cents)},${from},${money(fromOld)},${money(fromNew)},${to},${money(toOld)},${money(toNew)},${isFraud},0\n`;
}
