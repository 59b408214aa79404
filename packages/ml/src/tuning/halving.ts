import { badOption, isWhole } from "../model/options.js";

/** Successive halving: many points with little, the best of them with more (Jamieson and Talwalkar 2016). */
export interface Halving {
  readonly how: "halving";
  /** Points to draw; all of the grid if not given. */
  readonly trials?: number;
  /** How many times more each round gives, to how many times fewer points. Default 3. */
  readonly factor?: number;
  /** What a round gives more of: rows, or an option of the model such as "n_estimators". Default "rows". */
  readonly resource?: string;
  /** The least to give: a part of the rows, or the option's value. Default .1 of the rows. */
  readonly from?: number;
  /** The most to give. Default all rows. */
  readonly to?: number;
}

/** One round: how many points, and what each gets. */
export interface Rung {
  readonly points: number;
  readonly amount: number;
}

/** Rounds until one point is left or the least amount is reached; the last gives the most. */
export function rungsOf(points: number, { factor = 3, resource = "rows", from, to }: Halving): Rung[] {
  if (!(Number.isFinite(factor) && factor > 1)) throw badOption("factor", factor, "give a number above 1");
  const ofRows = resource === "rows";
  const least = from ?? (ofRows ? 0.1 : undefined);
  const most = to ?? (ofRows ? 1 : undefined);
  if (least === undefined || most === undefined) {
    throw badOption("from", from, `say from which to which value of ${resource} to go: { from: 10, to: 270 }`);
  }
  const fits = ofRows ? least > 0 && most <= 1 : isWhole(least, 1) && isWhole(most, 1);
  if (!fits || least > most) {
    throw badOption(
      "from",
      least,
      ofRows ? "give parts of the rows above 0 up to 1" : "give whole numbers, from up to to",
    );
  }
  const amounts = [most];
  let left = points;
  while (left > 1 && amounts[0]! / factor >= least * (1 - 1e-9)) {
    left = Math.ceil(left / factor);
    amounts.unshift(amounts[0]! / factor);
  }
  const rungs: Rung[] = [];
  let now = points;
  for (const amount of amounts) {
    rungs.push({ points: now, amount: ofRows ? amount : Math.max(1, Math.round(amount)) });
    now = Math.ceil(now / factor);
  }
  return rungs;
}
