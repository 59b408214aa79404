import { instance } from "@viz-js/viz";
import type { DrawnGraph } from "../recorded/jobs.js";
import { graphOf } from "./layout.js";

/** Draws a graph with Graphviz, in WASM: the text of an SVG file. */
export async function drawSvg(graph: DrawnGraph, title: string): Promise<string> {
  const viz = await instance();
  return viz.renderString(graphOf(graph, title), { format: "svg" });
}
