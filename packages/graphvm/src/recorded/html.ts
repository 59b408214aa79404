import { type Recording, type ReplayReport, recordedCode } from "@graphvm/cluster";
import { inputName } from "@graphvm/cluster/internal";
import { bytesText, countText } from "../cli/text.js";
import { drawSvg } from "../picture/svg.js";
import { CSS } from "./html-style.js";
import { recordedGraph, recordedJobs } from "./jobs.js";
import { comparedText, divergenceText } from "./replay-text.js";

type Verdict = Omit<ReplayReport, "header">;
type Row = readonly (string | Html)[];

/** Text that is markup already. */
class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** So many rows of a table are printed; the recording has the rest. */
const ROWS = 2000;

/** One self-contained page about a recording: nothing in it is loaded from anywhere, and no script runs. */
export async function htmlReport(source: string, recording: Recording, verdict: Verdict | undefined): Promise<string> {
  const { header, lines } = recording;
  const title = header.programs.map(({ name }) => name).join(", ") || "session";
  const jobs = recordedJobs(recording);
  const calls = lines.map(({ seq, at, method, error, hash }) => [
    ...[String(seq), new Date(at).toISOString(), method, error === undefined ? "" : "failed"],
    mono(hash),
  ]);
  const body = [
    `<h1>${escapeHtml(title)}</h1>`,
    verdictHtml(verdict),
    section("Recording", table([], facts(source, recording))),
    section("Graph", await picture(recording)),
    section(
      `Inputs (${header.inputs.length})`,
      table(
        ["URI", "Size", "sha-256"],
        header.inputs.map((input) => [inputName(input), bytesText(input.size), mono(input.sha256)]),
      ),
    ),
    section(
      `Programs (${header.programs.length})`,
      table(
        ["Name", "Lines", "sha-256"],
        recordedCode(recording).map(({ name, hash, code }) => [name, String(code.split("\n").length), mono(hash)]),
      ),
    ),
    section(`Calls (${lines.length})`, table(["", "Time", "Call", "", "Hash in the chain"], calls)),
    section(
      `Jobs (${jobs.length})`,
      table(
        ["Rule", "Node", "Worker", "Digest"],
        jobs.map(({ rule, id, worker, digest }) => [rule, mono(id), worker, mono(digest)]),
      ),
    ),
  ];
  return [
    "<!DOCTYPE html>",
    '<html lang="en"><head><meta charset="utf-8"/>',
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
    `<title>${escapeHtml(title)}: recording ${recording.head.slice(0, 12)}</title>`,
    `<style>${CSS}</style></head>`,
    `<body>${body.join("\n")}</body></html>\n`,
  ].join("\n");
}

function facts(source: string, { header, lines, head, signature }: Recording): Row[] {
  const { format, createdAt, graphvm, node, v8, platform, numerics, lockfile, image, author, labels, capture } = header;
  const rows: (readonly [string, string | Html | undefined])[] = [
    ["Recording", source],
    ["Made", createdAt],
    ["By", author],
    ...Object.entries(labels ?? {}),
    ["Format", `${format.major}.${format.minor}`],
    ["Holds", ["code", ...(capture ?? [])].join(", ")],
    ["Calls", String(lines.length)],
    ["Seed, epoch", `${header.seed}, ${new Date(header.epoch).toISOString()}`],
    ["Ran on", `graphvm ${graphvm}, Node ${node}, V8 ${v8}, ${platform}`],
    ["Arithmetic", mono(numerics)],
    ["Lockfile", lockfile === undefined ? undefined : mono(lockfile)],
    ["Image", image],
    ["Head of the chain", mono(head)],
    ["Signature", signature === undefined ? "none" : mono(`Ed25519, key ${signature.fingerprint}`)],
  ];
  return rows.filter((row): row is [string, string | Html] => row[1] !== undefined);
}

function verdictHtml(verdict: Verdict | undefined): string {
  if (verdict === undefined)
    return `<p class="verdict none"><b>Not replayed.</b> This page says what was recorded; it proves nothing.</p>`;
  const { verdict: word, calls, workers, warnings, first } = verdict;
  const how = `${comparedText(verdict)}; ${countText(calls, "call")} run again on ${countText(workers, "worker")}.`;
  const why = first === undefined ? "" : `<pre>${escapeHtml(divergenceText(first).join("\n"))}</pre>`;
  const notes = warnings.map((warning) => `<br/>Note: ${escapeHtml(warning)}`).join("");
  return `<div class="verdict ${word === "equal" ? "equal" : "diverged"}"><b>${word === "equal" ? "Equal." : "Diverged."}</b> ${escapeHtml(how)}${notes}${why}</div>`;
}

async function picture(recording: Recording): Promise<string> {
  const { graph, complete } = recordedGraph(recording);
  if (graph.picture.nodes.length === 0) return "<p>There is no graph in this recording.</p>";
  const svg = await drawSvg(graph, "graph");
  const inline = svg.slice(svg.indexOf("<svg"));
  const note = complete ? "" : "<p>The recording keeps no picture: these are its jobs, without edges.</p>";
  return `${note}<figure>${inline}</figure>`;
}

function section(title: string, content: string): string {
  return `<section><h2>${escapeHtml(title)}</h2>${content}</section>`;
}

function table(head: readonly string[], rows: readonly Row[]): string {
  if (rows.length === 0) return "<p>None.</p>";
  const cells = (tag: string, row: Row): string => row.map((cell) => `<${tag}>${htmlOf(cell)}</${tag}>`).join("");
  const top = head.length === 0 ? "" : `<thead><tr>${cells("th", head)}</tr></thead>`;
  const more =
    rows.length > ROWS ? `<p>… and ${(rows.length - ROWS).toLocaleString("en-US")} more, in the recording.</p>` : "";
  const body = rows.slice(0, ROWS).map((row) => `<tr>${cells("td", row)}</tr>`);
  return `<table>${top}<tbody>${body.join("\n")}</tbody></table>${more}`;
}

function mono(text: string): Html {
  return new Html(`<code>${escapeHtml(text)}</code>`);
}

function htmlOf(cell: string | Html): string {
  return cell instanceof Html ? cell.text : escapeHtml(cell);
}

/** Text for HTML; control characters, which XML has no place for, become visible. */
function escapeHtml(text: string): string {
  const named: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
  return text.replace(/[&<>"]/g, (each) => named[each]!).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "\ufffd");
}
