import { createGraph, numeric, type Ref } from "@graphvm/rules";
import { expect, test } from "vitest";
import { market, pricing, riskFactors } from "../bench/src/portfolio-work.js";
import { main } from "../notebooks/portfolio.js";

const total = pricing.total();
const factors = riskFactors();

/** Steps at which a difference of fourth order is exact to some 1e-8. */
const step = (factor: Ref<number>, value: number): number =>
  factor.name === "spot" ? 3e-4 * value : factor.name === "volatility" ? 3e-3 * value : 5e-4;

test("A10: 1,000 deltas of 1,000 trades agree with bump-and-revalue to 1e-6", async () => {
  const graph = createGraph();
  const deltas = await graph.adjoint(total, factors);
  const { nodes, rules } = graph.stats();
  expect([factors.length, rules["pricing.trade"], rules["pricing.book"]]).toEqual([1000, 1000, 100]);
  expect(nodes).toBeGreaterThan(20_000);
  for (const [i, factor] of factors.entries()) {
    const value = graph.getData<number>(factor);
    const h = step(factor, value);
    const at = async (steps: number): Promise<number> => {
      graph.setData(factor, value + steps * h);
      return graph.calc(total);
    };
    const bumped = (8 * ((await at(1)) - (await at(-1))) - ((await at(2)) - (await at(-2)))) / (12 * h);
    graph.setData(factor, value);
    expect(Math.abs(deltas[i]! - bumped)).toBeLessThan(1e-6 * Math.max(1, Math.abs(bumped)));
  }
});

test("A10: the reverse run costs less than five valuations and runs nothing forward", async () => {
  const ratios: number[] = [];
  for (let run = 0; run < 4; run++) {
    const start = performance.now();
    const graph = createGraph();
    await graph.calc(total);
    const valued = performance.now();
    const { runs } = graph.stats();
    await graph.adjoint(total, factors);
    ratios.push((performance.now() - valued) / (valued - start));
    expect(graph.stats().runs).toBe(runs);
  }
  expect(Math.min(...ratios)).toBeLessThan(5);
});

test("A10: an option's price, delta and vega are those of the closed formula", async () => {
  const graph = createGraph();
  const [spot, volatility] = [market.spot(7), market.volatility(7)];
  // option 1 is the call on share 7
  const [delta, vega] = await graph.adjoint(pricing.option(1), [spot, volatility]);
  const [s, v] = [graph.getData(spot), graph.getData(volatility)];
  const expiry = 0.25 + Math.floor(38 * (211 / 997)) / 12;
  const units = 2 * Math.floor(500 * (107 / 997)) - 301;
  const strike = (60 + 80 * (389 / 997)) * graph.getData(pricing.discount("USD", expiry));
  const d1 = Math.log(s / strike) / (v * Math.sqrt(expiry)) + (v * Math.sqrt(expiry)) / 2;
  const d2 = d1 - v * Math.sqrt(expiry);
  const price = units * (s * numeric.normalCdf(d1) - strike * numeric.normalCdf(d2));
  const density = Math.exp((-d1 * d1) / 2) / Math.sqrt(2 * Math.PI);
  expect(graph.getData(pricing.option(1)) / price).toBeCloseTo(1, 12);
  expect(delta / (units * numeric.normalCdf(d1))).toBeCloseTo(1, 12);
  expect(vega / (units * s * density * Math.sqrt(expiry))).toBeCloseTo(1, 12);
});

test("A10: the notebook", async () => {
  expect(await main()).toMatch(/^\d+ nodes, worth [\d,.]+\n1000 deltas from one reverse run, 0 atoms run forward/);
});
