// npm run bench:fabric -- --json ... > fabric.json; node bench/dist/fabric-plot.js fabric.json docs/images/fabric-sizing.svg
import { readFileSync, writeFileSync } from "node:fs";
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Curve } from "./fabric.js";

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) {
  console.error("usage: node bench/dist/fabric-plot.js FIGURES.json PICTURE.svg");
  process.exit(2);
}
const { curves } = JSON.parse(readFileSync(from, "utf8")) as { readonly curves: readonly Curve[] };

const TITLES: { readonly [by in Curve["by"]]: string } = {
  jobs: "Jobs at once, 3 workers",
  bytes: "Bytes of one value, worker to worker",
  workers: "Workers on one machine, 10,000 jobs",
};

const spec: TopLevelSpec = {
  background: "white",
  config: { view: { stroke: "#ccc" }, axis: { grid: true, gridColor: "#eee" } },
  hconcat: curves.map(({ by, seconds }) => ({
    title: TITLES[by],
    width: 240,
    height: 220,
    data: {
      values: Object.entries(seconds).flatMap(([place, points]) =>
        points.map(([size, took]) => ({ place, size, took })),
      ),
    },
    mark: { type: "line", point: true },
    encoding: {
      x: {
        field: "size",
        type: "quantitative",
        scale: { type: "log" },
        title: by,
        axis: { format: "~s", tickCount: 4 },
      },
      y: {
        field: "took",
        type: "quantitative",
        scale: { type: "log" },
        title: "seconds",
        axis: { format: "~g", tickCount: 5 },
      },
      color: { field: "place", type: "nominal", title: null, legend: { orient: "bottom" } },
    },
  })),
};

writeFileSync(to, `${await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG()}\n`);
