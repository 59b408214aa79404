import { ChartError, ChartToolsError } from "../errors.js";
import type { ChartSpec } from "./chart-spec.js";

/** As much of vega as is used here; its own types would have to be installed wherever ours are read. */
interface Vega {
  readonly View: new (runtime: unknown, options: object) => { toSVG(): Promise<string>; finalize(): unknown };
  parse(spec: unknown): unknown;
  readonly textMetrics: { width: (item: { readonly fontSize?: number }, text: string) => number };
}

interface VegaLite {
  compile(spec: unknown, options: object): { readonly spec: unknown };
}

const TOOLS = { vega: "6.4.0", "vega-lite": "6.4.3" };

/** Renderings so far: they take turns, since how wide a text is thought to be is a setting of the whole of vega. */
let before: Promise<unknown> = Promise.resolve();

/**
 * Draws a Vega-Lite specification as SVG, without a browser. The same specification gives the same bytes: texts are laid out
 * by an estimate of their width, whatever fonts or canvas the machine has. Data stands in the specification; none is loaded.
 *
 * @throws ChartToolsError where `vega` and `vega-lite`, optional peers of this package, are not installed; ChartError for a
 * specification that can't be drawn.
 * @example
 * writeFileSync("roc.svg", await toSvg(rocChart({ forest: scored })));
 */
export function toSvg(spec: ChartSpec): Promise<string> {
  const svg = before.then(() => draw(spec));
  before = svg.catch(() => {});
  return svg;
}

async function draw(spec: ChartSpec): Promise<string> {
  const [vega, lite] = [await tool<Vega>("vega"), await tool<VegaLite>("vega-lite")];
  const { textMetrics } = vega;
  const width = textMetrics.width;
  textMetrics.width = estimatedWidth;
  try {
    const problems: string[] = [];
    const logger = collecting(problems);
    const compiled = lite.compile(spec, { logger }).spec;
    const view = new vega.View(vega.parse(compiled), { renderer: "none", logger, loader: refusing(problems) });
    const svg = await view.toSVG();
    view.finalize();
    if (problems.length > 0) throw new Error(problems[0]);
    return `${svg}\n`;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ChartError(
      `This is no Vega-Lite specification that can be drawn: ${why.replace(/\.+$/, "")}.`,
      { why },
      { cause: error },
    );
  } finally {
    textMetrics.width = width;
  }
}

/** Loaded when the first chart is drawn. The name is a variable so that bundlers leave it alone. */
async function tool<T>(name: keyof typeof TOOLS): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (error) {
    const install = Object.entries(TOOLS).map(([each, version]) => `${each}@${version}`);
    throw new ChartToolsError(
      `Drawing charts needs ${name}, which is not installed: npm install ${install.join(" ")}.`,
      { tool: name },
      { cause: error },
    );
  }
}

/** Vega goes on after errors, and tells its logger. */
function collecting(problems: string[]): object {
  const silent = (): object => logger;
  const error = (...words: readonly unknown[]): object => {
    problems.push(words.map((word) => (word instanceof Error ? word.message : String(word))).join(" "));
    return logger;
  };
  const logger = { level: () => 1, warn: silent, info: silent, debug: silent, error };
  return logger;
}

/** Loads nothing: what a specification names by URL would be an undeclared input. */
function refusing(problems: string[]): object {
  const refuse = (uri: unknown): Promise<never> => {
    problems.push(`it asks for ${String(uri)}; put the data into the specification`);
    return Promise.reject(new Error(problems[0]));
  };
  return { load: refuse, sanitize: refuse, http: refuse, file: refuse };
}

/** Sans-serif letters are some .58 of their size wide. */
function estimatedWidth({ fontSize = 11 }: { readonly fontSize?: number }, text: string): number {
  return Math.ceil(0.58 * fontSize * String(text).length);
}
