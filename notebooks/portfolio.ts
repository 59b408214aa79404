// # All deltas of a portfolio from one reverse run
//
// Run it with `npx graphvm run notebooks/portfolio.ts`. It makes its own portfolio and market.

import { createGraph, num } from "graphvm";
import { BOOKS, market, pricing, riskFactors } from "../bench/src/portfolio-work.js";

export async function main(): Promise<string> {
  // ## 1. Value
  //
  // 1,000 trades in 100 books: options by Black and Scholes, swaps coupon by coupon. Each trade, coupon and discount
  // factor is a node that can be looked at, and so is each of the 1,000 risk factors it all depends on.

  const graph = createGraph();
  const total = pricing.total();
  const value = await graph.calc(total);
  const { nodes, runs } = graph.stats();

  // ## 2. Differentiate
  //
  // One run back over the same nodes gives d total / d factor for every factor at once. Nothing is computed forward again.

  const factors = riskFactors();
  const deltas = await graph.adjoint(total, factors);
  const forward = graph.stats().runs - runs;

  // Any node can be the numerator, and any node below it the denominator. Here: one book by the spots of all shares, and
  // the total by the discount factor of the first swap's first coupon, which stands in the middle of the graph.

  const spots = factors.filter((factor) => factor.name === "spot");
  const ofBook = await graph.adjoint(pricing.book(0), spots);
  const [byDiscount] = await graph.adjoint(total, [pricing.discount("USD", 0.25)]);

  // Several books at once are a vector: their Jacobian has a row for each book and a column for each curve point.

  const books = num.stack(Array.from({ length: BOOKS }, (_, b) => pricing.book(b)));
  const [jacobian] = await graph.adjoint(books, [pricing.curve("EUR")]);

  // ## 3. Compare
  //
  // Bumping moves one factor and values again; the graph computes only what depends on it. Each factor needs its own.

  const [spot] = spots;
  const start = graph.getData(market.spot(0));
  const bumped: number[] = [];
  for (const h of [1e-2, -1e-2]) {
    graph.setData(spot!, start + h);
    bumped.push(await graph.calc(total));
  }
  const difference = (bumped[0]! - bumped[1]!) / 2e-2;

  const money = (x: number): string => x.toLocaleString("en-US", { maximumFractionDigits: 2 });
  const largest = Math.max(...deltas.slice(-200).map(Math.abs));
  return [
    `${nodes} nodes, worth ${money(value)}`,
    `${deltas.length} deltas from one reverse run, ${forward} atoms run forward for them`,
    `largest rate delta ${money(largest * 1e-4)} a basis point; d total / d USD discount(0.25) = ${money(byDiscount)}`,
    `book 0 depends on ${ofBook.filter((delta) => delta !== 0).length} of ${spots.length} spots`,
    `${jacobian.rows} books by the ${jacobian.columns} points of the EUR curve: ${jacobian.data.length} derivatives`,
    `d total / d spot(0): ${deltas[0]!.toFixed(6)} by adjoint, ${difference.toFixed(6)} by bumping`,
  ].join("\n");
}
