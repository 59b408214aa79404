import { closeSync, openSync, writeSync } from "node:fs";

/** Accounts that payments belong to: "A100000" and so on. */
export const ACCOUNTS = 500_000;
export const REGIONS = 20;
const FIRST = 100_000;

/** What the groups of one region must give. */
export interface RegionTotals {
  readonly region: number;
  readonly accounts: number;
  readonly payments: number;
  readonly cents: number;
  /** The least and the most that one account paid. */
  readonly least: number;
  readonly most: number;
}

const NOTES = Array.from(
  { length: 64 },
  (_, i) => `"payment ${i}, by order of the house of ${"xyz"[i % 3]!.repeat(9 + (i % 5))}"`,
);

/** Writes at least so many bytes of payments; returns what grouping and joining them must give, and how many there are. */
export function writePayments(path: string, bytes: number): { rows: number; size: number; regions: RegionTotals[] } {
  const counts = new Int32Array(ACCOUNTS);
  const totals = new Float64Array(ACCOUNTS);
  const file = openSync(path, "w");
  let text = "payment,account,cents,rate,note\n";
  let rows = 0;
  let size = 0;
  let state = 1;
  try {
    while (size + text.length < bytes) {
      for (let i = 0; i < 10_000; i++, rows++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        const account = (state >>> 8) % ACCOUNTS;
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        const cents = (state >>> 8) % 1_000_000;
        counts[account]!++;
        totals[account]! += cents;
        text += `${rows},A${FIRST + account},${cents},0.${(state >>> 8) % 9973},${NOTES[rows & 63]}\n`;
      }
      size += writeSync(file, text, null, "latin1");
      text = "";
    }
  } finally {
    closeSync(file);
  }
  return { rows, size, regions: regionsOf(counts, totals) };
}

function regionsOf(counts: Int32Array, totals: Float64Array): RegionTotals[] {
  return Array.from({ length: REGIONS }, (_, region) => {
    const found = { region, accounts: 0, payments: 0, cents: 0, least: Number.POSITIVE_INFINITY, most: 0 };
    for (let account = region; account < ACCOUNTS; account += REGIONS) {
      if (counts[account] === 0) continue;
      const cents = totals[account]!;
      found.accounts++;
      found.payments += counts[account]!;
      found.cents += cents;
      found.least = Math.min(found.least, cents);
      found.most = Math.max(found.most, cents);
    }
    return found;
  });
}

/** Writes the table that is joined: each account, last one first, and its region. */
export function writeAccounts(path: string): void {
  const file = openSync(path, "w");
  const lines = Array.from({ length: ACCOUNTS }, (_, i) => {
    const account = ACCOUNTS - 1 - i;
    return `A${FIRST + account},${account % REGIONS}\n`;
  });
  writeSync(file, `account,region\n${lines.join("")}`, null, "latin1");
  closeSync(file);
}
