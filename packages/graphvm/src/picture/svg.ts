import { instance } from "@viz-js/viz";
import type { DrawnGraph } from "../recorded/jobs.js";
import { graphOf } from "./layout.js";

/** Letters of equal widths, one of them on every system: text fits its box wherever the picture is looked at. */
const FAMILY = "Verdana,DejaVu Sans,Bitstream Vera Sans,sans-serif";

/** Draws a graph with Graphviz, in WASM: the text of an SVG file. */
export async function drawSvg(graph: DrawnGraph, title: string): Promise<string> {
  const viz = await instance();
  const svg = viz.renderString(graphOf(graph, title), { format: "svg" });
  return svg.replaceAll('font-family="Verdana"', `font-family="${FAMILY}"`);
}
