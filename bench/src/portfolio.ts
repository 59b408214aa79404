// npm run bench:portfolio [-- --json]
import { createGraph, type Graph, type Ref } from "@graphvm/rules";
import { pricing, riskFactors } from "./portfolio-work.js";
import { type BenchResult, median, report } from "./report.js";

const RUNS = 5;
/** Fresh graphs that are valued with one factor moved; the time of all is their median times the factors. */
const FRESH_BUMPS = 8;

const seconds = (since: number): number => (performance.now() - since) / 1000;

/** Values the whole portfolio on an empty graph, some risk factors given from outside. */
async function valuation(given: readonly [Ref<number>, number][] = []): Promise<{ graph: Graph; seconds: number }> {
  const start = performance.now();
  const graph = createGraph();
  for (const [factor, value] of given) graph.setData(factor, value);
  await graph.calc(pricing.total());
  return { graph, seconds: seconds(start) };
}

/** The same where the graph is there already and every risk factor has another value: atoms run, nothing expands. */
async function revaluation(graph: Graph, factors: readonly Ref<number>[], shift: number): Promise<number> {
  const start = performance.now();
  for (const factor of factors) graph.setData(factor, graph.getData<number>(factor) * (1 + shift));
  await graph.calc(pricing.total());
  return seconds(start);
}

/** A step at which a difference of fourth order is exact to some 1e-8 of the derivative. */
function step(factor: Ref<number>, value: number): number {
  switch (factor.name) {
    case "spot":
      return 3e-4 * value;
    case "volatility":
      return 3e-3 * value;
    default:
      return 5e-4;
  }
}

/** Central differences of fourth order: what depends on a factor is computed again each time it moves. */
async function bumpAll(graph: Graph, factors: readonly Ref<number>[]): Promise<{ deltas: number[]; seconds: number }> {
  const start = performance.now();
  const deltas: number[] = [];
  for (const factor of factors) {
    const value = graph.getData<number>(factor);
    const h = step(factor, value);
    const at = async (steps: number): Promise<number> => {
      graph.setData(factor, value + steps * h);
      return graph.calc(pricing.total());
    };
    deltas.push((8 * ((await at(1)) - (await at(-1))) - ((await at(2)) - (await at(-2)))) / (12 * h));
    graph.setData(factor, value);
  }
  await graph.calc(pricing.total());
  return { deltas, seconds: seconds(start) };
}

/** The largest difference, relative where deltas are over 1. */
function disagreement(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((x, i) => Math.abs(x - b[i]!) / Math.max(1, Math.abs(x))));
}

async function main(): Promise<void> {
  const total = pricing.total();
  const factors = riskFactors();
  const times = { valuation: [] as number[], revaluation: [] as number[], reverse: [] as number[] };
  let { graph } = await valuation();
  let deltas: readonly number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const fresh = await valuation();
    graph = fresh.graph;
    const start = performance.now();
    deltas = await graph.adjoint(total, factors);
    const reverse = seconds(start);
    await revaluation(graph, factors, 1e-3);
    const again = await revaluation(graph, factors, -1e-3);
    if (run === 0) continue; // the warm-up
    times.valuation.push(fresh.seconds);
    times.reverse.push(reverse);
    times.revaluation.push(again);
  }
  graph = (await valuation()).graph;
  const bumps: number[] = [];
  for (let i = 0; i < FRESH_BUMPS; i++) {
    const factor = factors[Math.floor((i * factors.length) / FRESH_BUMPS)]!;
    const value = graph.getData<number>(factor);
    bumps.push((await valuation([[factor, value + step(factor, value)]])).seconds);
  }
  const bumped = await bumpAll(graph, factors);
  const worst = disagreement(deltas, bumped.deltas);
  print(times, median(bumps) * factors.length, bumped.seconds / 4, graph.stats().nodes, factors.length, worst);
}

interface Times {
  readonly valuation: readonly number[];
  readonly revaluation: readonly number[];
  readonly reverse: readonly number[];
}

function print(times: Times, fresh: number, kept: number, nodes: number, factors: number, worst: number): void {
  const one = median(times.valuation);
  const again = median(times.revaluation);
  const reverse = median(times.reverse);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const results: (BenchResult & { readonly valuations: number })[] = [
    { name: "one valuation", n: nodes, seconds: one, peakBytes, valuations: 1 },
    { name: "one valuation, graph kept", n: nodes, seconds: again, peakBytes, valuations: again / one },
    { name: "all deltas, reverse", n: factors, seconds: reverse, peakBytes, valuations: reverse / one },
    { name: "all deltas, a bump each", n: factors, seconds: fresh, peakBytes, valuations: fresh / one },
    { name: "all deltas, a bump each, graph kept", n: factors, seconds: kept, peakBytes, valuations: kept / one },
  ].map((row) => (row.n === factors && row.seconds !== reverse ? { ...row, ratio: row.seconds / reverse } : row));
  report(results.map((row) => (row.ratio === undefined ? row : { ...row, peer: "reverse" })));
  if (worst > 1e-6) process.exitCode = 1;
  if (process.argv.includes("--json")) return;
  const cost = `The reverse run costs ${(reverse / one).toFixed(2)} valuations (${(reverse / again).toFixed(2)} of a kept graph)`;
  process.stdout.write(`\n${cost}; bumping every factor once costs ${(fresh / one).toFixed(0)}.\n`);
  process.stdout.write(`Largest difference to four bumps each: ${worst.toExponential(1)}, relative where over 1.\n`);
}

await main();
