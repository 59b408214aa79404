import { apply, differentiable, namespace, num, numeric, type Op, type Ref, rule } from "@graphvm/rules";

// 1,000 trades in 100 books: 500 European options on 400 shares, and 500 swaps in 5 currencies with 40 points a curve.
// That makes 1,000 risk factors. Everything is a formula of a trade's number, so that every run has the same portfolio.

export const CURRENCIES = ["USD", "EUR", "GBP", "JPY", "CHF"] as const;
export type Currency = (typeof CURRENCIES)[number];

export const SHARES = 400;
export const BOOKS = 100;
const TRADES_PER_BOOK = 10;

/** Years to each point of a curve: a quarter year apart. */
const POINTS: readonly number[] = Array.from({ length: 40 }, (_, i) => (i + 1) / 4);

/** A number in [0, 1) that looks random and never changes. */
const spread = (i: number, step: number): number => ((i * step) % 997) / 997;

interface Option {
  readonly kind: "call" | "put";
  readonly share: number;
  readonly strike: number;
  /** Years. */
  readonly expiry: number;
  readonly units: number;
}

interface Swap {
  readonly currency: Currency;
  /** The fixed rate that is paid. */
  readonly fixed: number;
  readonly notional: number;
  /** Years to the first date, and quarters after it. */
  readonly start: number;
  readonly quarters: number;
}

function optionAt(i: number): Option {
  return {
    kind: i % 3 === 0 ? "put" : "call",
    share: (i * 7) % SHARES,
    strike: 60 + 80 * spread(i, 389),
    expiry: 0.25 + Math.floor(38 * spread(i, 211)) / 12,
    units: 2 * Math.floor(500 * spread(i, 107)) - 301,
  };
}

function swapAt(i: number): Swap {
  return {
    currency: CURRENCIES[i % CURRENCIES.length]!,
    fixed: 0.01 + 0.03 * spread(i, 173),
    notional: 1e6 * (2 * Math.floor(5 * spread(i, 61)) - 3),
    start: Math.floor(16 * spread(i, 251)) / 32,
    quarters: 4 + Math.floor(32 * spread(i, 97)),
  };
}

/** The risk factors: one node each. */
export const market = namespace("market", {
  spot: rule((share: number): Op<number> => apply((i: number) => 70 + 60 * spread(i, 331), share)()),
  volatility: rule((share: number): Op<number> => apply((i: number) => 0.15 + 0.3 * spread(i, 457), share)()),
  /** The continuously compounded zero rate at a curve's point. */
  rate: rule((currency: Currency, point: number): Op<number> => apply(startingRate, currency, point)()),
});

function startingRate(currency: Currency, point: number): number {
  return 0.005 + 0.006 * CURRENCIES.indexOf(currency) + 0.0004 * point + 0.0003 * spread(point, 523);
}

// An atom of one's own: the function, and what flows back through it.
const netCoupon = differentiable.withParams(
  (amount: number, fixed: number, forward: number, discount: number) => amount * (forward - fixed) * discount,
  (c, [forward, discount]: [forward: number, discount: number], _value, [amount, fixed]: [number, number]) => [
    c * amount * discount,
    c * amount * (forward - fixed),
  ],
);

const forwardRate = differentiable.withParams(
  (years: number, from: number, to: number) => (from / to - 1) / years,
  (c, [from, to]: [from: number, to: number], _value, [years]: [years: number]) => [
    c / (to * years),
    (-c * from) / (to * to * years),
  ],
);

export const pricing = namespace("pricing", {
  curve: rule(
    (currency: Currency): Op<Float64Array> => apply.all(numeric.stack)(POINTS.map((_, i) => market.rate(currency, i))),
  ),
  /** What one unit of the currency at that time is worth now. */
  discount: rule((currency: Currency, years: number): Ref<number> => {
    return num.exp(num.scale(-years, num.interpolate(POINTS, pricing.curve(currency), years)));
  }),
  forward: rule(
    (currency: Currency, from: number, to: number): Op<number> =>
      apply(forwardRate, to - from)(pricing.discount(currency, from), pricing.discount(currency, to)),
  ),

  /** Black and Scholes (1973), the rate being the dollar's: S N(d1) - K df N(d2), and a put by parity. */
  option: rule((i: number): Ref<number> => {
    const { kind, share, strike, expiry, units } = optionAt(i);
    const spot = market.spot(share);
    const paid = num.scale(strike, pricing.discount("USD", expiry));
    const deviation = num.scale(Math.sqrt(expiry), market.volatility(share));
    const d2 = num.subtract(pricing.d1(spot, paid, deviation), deviation);
    const d1 = pricing.d1(spot, paid, deviation);
    const call = num.subtract(num.multiply(spot, num.normalCdf(d1)), num.multiply(paid, num.normalCdf(d2)));
    return num.scale(units, kind === "call" ? call : num.add(call, num.subtract(paid, spot)));
  }),
  d1: rule((spot: Ref<number>, paid: Ref<number>, deviation: Ref<number>): Op<number> => {
    const moneyness = num.divide(num.log(num.divide(spot, paid)), deviation);
    return apply(numeric.weightedSum<number>, [1, 0.5])(moneyness, deviation);
  }),

  /** Floating against fixed, a coupon a quarter, on one curve. */
  swap: rule(
    (i: number): Ref<number> =>
      num.sum(Array.from({ length: swapAt(i).quarters }, (_, quarter) => pricing.coupon(i, quarter))),
  ),
  coupon: rule((i: number, quarter: number): Op<number> => {
    const { currency, fixed, notional, start } = swapAt(i);
    const [from, to] = [start + quarter / 4, start + (quarter + 1) / 4];
    return apply(netCoupon, notional / 4, fixed)(pricing.forward(currency, from, to), pricing.discount(currency, to));
  }),

  /** Even trades are options, odd ones swaps. */
  trade: rule((i: number): Ref<number> => (i % 2 === 0 ? pricing.option(i / 2) : pricing.swap((i - 1) / 2))),
  book: rule(
    (b: number): Ref<number> =>
      num.sum(Array.from({ length: TRADES_PER_BOOK }, (_, i) => pricing.trade(b * TRADES_PER_BOOK + i))),
  ),
  total: rule((): Ref<number> => num.sum(Array.from({ length: BOOKS }, (_, b) => pricing.book(b)))),
});

/** All risk factors: every share's spot and volatility, every curve's points. */
export function riskFactors(): Ref<number>[] {
  const shares = Array.from({ length: SHARES }, (_, i) => i);
  const rates = CURRENCIES.flatMap((currency) => POINTS.map((_, i) => market.rate(currency, i)));
  return [...shares.map((i) => market.spot(i)), ...shares.map((i) => market.volatility(i)), ...rates];
}
