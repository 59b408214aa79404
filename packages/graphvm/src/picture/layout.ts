import type { GraphPicture, PictureNode } from "@graphvm/cluster";
import type { Graph, Subgraph } from "@viz-js/viz";
import type { DrawnGraph } from "../recorded/jobs.js";
import { type Paint, paints, UNPAINTED } from "./palette.js";

/** Graphviz knows the widths of its letters; see `FAMILY`. */
const FONT = "Verdana";
const INK = "#1f2933";
const FAINT = "#5c6670";
/** Above so many nodes edges are straight lines: splines would take minutes. */
const MANY = 400;

type Attributes = { [name: string]: string | number | boolean | { html: string } };

/** The graph as Graphviz takes it. */
export function graphOf({ picture, workers }: DrawnGraph, title: string): Graph {
  const painted = paints(Object.values(workers));
  const paintOf = ({ job }: PictureNode): Paint => painted.get((job && workers[job]) ?? "") ?? UNPAINTED;
  const box = picture.folded ? foldedBox : nodeBox;
  return {
    graphAttributes: {
      rankdir: "LR",
      ranksep: 0.4,
      nodesep: 0.07,
      pad: 0.3,
      bgcolor: "white",
      fontname: FONT,
      labelloc: "t",
      splines: picture.nodes.length > MANY ? "line" : "spline",
      label: { html: legend(picture, workers, painted, title) },
    },
    nodeAttributes: { fontname: FONT, fontcolor: INK, shape: "box", style: "filled,rounded", height: 0.1, width: 0.1 },
    edgeAttributes: { color: "#9aa5b1", arrowsize: 0.45, penwidth: 0.8, fontname: FONT, fontsize: 9, fontcolor: FAINT },
    nodes: picture.nodes.map((node, i) => ({ name: `n${i}`, attributes: box(node, paintOf(node)) })),
    subgraphs: jobAreas(picture, paintOf),
    edges: picture.edges.map(([from, to, count]) => ({
      tail: `n${from}`,
      head: `n${to}`,
      attributes: count > 1 ? { label: ` ${count}`, penwidth: Math.min(4, 0.8 + Math.log10(count)) } : {},
    })),
  };
}

/** What a job computes lies in its area. */
function jobAreas(picture: GraphPicture, paintOf: (node: PictureNode) => Paint): Subgraph[] {
  const members = new Map<string, number[]>();
  for (const [i, { job }] of picture.nodes.entries()) {
    if (job === undefined) continue;
    const list = members.get(job);
    if (list) list.push(i);
    else members.set(job, [i]);
  }
  return [...members.values()]
    .filter((list) => list.length > 1)
    .map((list, i) => {
      const { area, inner } = paintOf(picture.nodes[list[0]!]!);
      return {
        name: `cluster${i}`,
        graphAttributes: { style: "filled,rounded", fillcolor: area, color: inner, margin: 5, label: " ", fontsize: 1 },
        nodes: list.map((at) => ({ name: `n${at}` })),
      };
    });
}

/** Jobs stand out: a box with its params, in the worker's colour. What they compute on the way is small and pale. */
function nodeBox({ rule, label, isJob }: PictureNode, paint: Paint): Attributes {
  const [ns, name] = split(rule);
  const tooltip = label;
  const style = `filled,rounded${paint.dashed ? ",dashed" : ""}`;
  if (!isJob) {
    const html = `<font point-size="9">${escapeHtml(name)}</font>`;
    return {
      label: { html },
      color: paint.line,
      fillcolor: paint.inner,
      penwidth: 0.5,
      margin: "0.06,0.03",
      style,
      tooltip,
    };
  }
  const html = `<font point-size="9" color="${FAINT}">${escapeHtml(ns)}.</font><font point-size="13"><b>${escapeHtml(name)}</b></font>`;
  return {
    label: { html },
    color: paint.line,
    fillcolor: paint.job,
    penwidth: 1.8,
    margin: "0.12,0.07",
    style,
    tooltip,
  };
}

function foldedBox({ rule, count }: PictureNode, paint: Paint): Attributes {
  const [ns, name] = split(rule);
  const lines = [
    `<font point-size="10" color="${FAINT}">${escapeHtml(ns)}.</font><font point-size="14"><b>${escapeHtml(name)}</b></font>`,
    `<font point-size="10" color="${FAINT}">${count.toLocaleString("en-US")} ${count === 1 ? "node" : "nodes"}</font>`,
  ];
  const html = lines.join("<br/>");
  return {
    label: { html },
    color: paint.line,
    fillcolor: paint.job,
    penwidth: 1.4,
    margin: "0.16,0.09",
    tooltip: rule,
  };
}

function legend(
  picture: GraphPicture,
  workers: DrawnGraph["workers"],
  painted: ReadonlyMap<string, Paint>,
  title: string,
): string {
  const nodes = picture.nodes.reduce((sum, { count }) => sum + count, 0);
  const jobs = picture.nodes.filter(({ isJob }) => isJob);
  const facts = picture.folded
    ? `${nodes.toLocaleString("en-US")} nodes, folded: one box a rule`
    : `${nodes.toLocaleString("en-US")} nodes in ${jobs.length.toLocaleString("en-US")} jobs, each a large box with what it computes on the way`;
  const cells = picture.folded
    ? []
    : [...painted].map(([worker, { line, job }]) => {
        const count = jobs.filter((each) => workers[each.job ?? ""] === worker).length;
        const text = `<font point-size="11">${escapeHtml(worker)}: ${count} ${count === 1 ? "job" : "jobs"}</font>`;
        return `<td width="16" height="14" fixedsize="true" bgcolor="${job}" border="1" color="${line}"></td><td align="left">${text} </td>`;
      });
  const head = `<font point-size="16"><b>${escapeHtml(title)}</b></font>  <font point-size="12" color="${FAINT}">${facts}</font>`;
  const rows = [`<tr><td align="left">${head}</td></tr>`];
  if (cells.length > 0) {
    rows.push(
      `<tr><td align="left"><table border="0" cellborder="0" cellspacing="4"><tr>${cells.join("")}</tr></table></td></tr>`,
    );
  }
  return `<table border="0" cellborder="0" cellspacing="2">${rows.join("")}</table>`;
}

function split(rule: string): [ns: string, name: string] {
  const at = rule.indexOf(".");
  return [rule.slice(0, at), rule.slice(at + 1)];
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
}
