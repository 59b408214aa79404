import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createRandom } from "@graphvm/engine";
import {
  type ChartSpec,
  calibrationChart,
  charts,
  confusionChart,
  gainsChart,
  gainsCurve,
  importanceChart,
  learningCurveChart,
  ml,
  prChart,
  rocAuc,
  rocChart,
  type ScoredRows,
  select,
  toSvg,
  tune,
} from "@graphvm/ml";
import { createGraph } from "@graphvm/rules";
import { Ajv } from "ajv";
import { tableFromArrays } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { give, given, rowsOfTwoClasses } from "./blocks.js";
import { failure } from "./support.js";

function scored(rows: number, seed: number, skill: number): ScoredRows {
  const random = createRandom(seed);
  const labels = Uint8Array.from({ length: rows }, () => Number(random.next() < 0.25));
  return { labels, scores: Float64Array.from(labels, (label) => (1 - skill) * random.next() + skill * label) };
}

const MODELS = { good: scored(3000, 1, 0.35), 'so, "so" & <so>': scored(3000, 2, 0.2) };
const CURVE = tableFromArrays({
  rows: Int32Array.of(100, 400, 1000),
  auc_in: Float64Array.of(0.99, 0.98, 0.97),
  auc_out: Float64Array.of(0.9, 0.93, 0.95),
});
const IMPORTANCE = { features: ["amount", "step", "type"], importance: Float64Array.of(0.3, -0.01, 0.2) };
const ALL: { readonly [name: string]: ChartSpec } = {
  roc: rocChart(MODELS, { title: "Fraud" }),
  pr: prChart(MODELS),
  calibration: calibrationChart(MODELS, { bins: 5 }),
  gains: gainsChart(MODELS),
  confusion: confusionChart({ classes: ["cat", "dog", "ox"], counts: Float64Array.of(5, 1, 0, 0, 7, 2, 0, 0, 0) }),
  importance: importanceChart(IMPORTANCE),
  permutation: importanceChart({ ...IMPORTANCE, deviation: Float64Array.of(0.02, 0.01, 0.05) }, { top: 2 }),
  learning: learningCurveChart(CURVE, "auc"),
};

const schema = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve("vega-lite/vega-lite-schema.json"), "utf8"),
) as object;
const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);

describe("L20: charts", () => {
  test.each(Object.keys(ALL))("%s is plain data, and Vega-Lite by its own schema", (name) => {
    const spec = ALL[name]!;
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    expect(validate(spec), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
  });

  test.each(Object.keys(ALL))(
    "%s is drawn as SVG, the same bytes each time, also when drawn side by side",
    async (name) => {
      const [first, second] = await Promise.all([toSvg(ALL[name]!), toSvg(ALL[name]!)]);
      expect(first).toBe(second);
      expect(first).toMatch(/^<svg .*<\/svg>\n$/s);
      expect(first).not.toMatch(/NaN|undefined|Infinity/);
    },
  );

  test("the bytes are these, on every machine", async () => {
    const svg = await toSvg(ALL.learning!);
    expect(createHash("sha256").update(svg).digest("hex")).toBe(
      "0296cfc9ad7ddc338a6bb51806feb551e13d3efbd3e9733d1acbb95955284a64",
    );
  });

  test("names are shown as they are, and never as markup", async () => {
    const svg = await toSvg(ALL.gains!);
    expect(svg).toContain('so, "so" &amp; &lt;so&gt;');
    expect(svg).not.toContain("<so>");
  });

  test("a legend says what a curve comes to; many rows are few points", async () => {
    const svg = await toSvg(ALL.roc!);
    expect(svg).toContain(`good: AUC ${rocAuc(MODELS.good.labels, MODELS.good.scores).toFixed(3)}<`);
    const large = rocChart({ one: scored(50_000, 3, 0.3) });
    expect(JSON.stringify(large).length).toBeLessThan(60_000);
  });

  test("cumulative gains, by hand", () => {
    const { rows, found } = gainsCurve([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]);
    expect([...rows]).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect([...found]).toEqual([0, 0.5, 0.5, 1, 1]);
  });

  test("as nodes, specifications are values", async () => {
    give({ "charts rows": select(rowsOfTwoClasses(400, 1), ["a", "b", "y"]) });
    const rows = given.table("charts rows");
    const graph = createGraph({ seed: 1 });
    const model = ml.train(rows, "y", { model: "RandomForestClassifier", n_estimators: 5 });
    const said = ml.classifyProb(model, rows);
    const specs = await graph.calc([
      ...(["roc", "pr", "calibration", "gains"] as const).map((kind) =>
        charts.curve(kind, { forest: said }, rows, "y"),
      ),
      charts.confusion(said, rows, "y", { title: "Two classes" }),
      charts.importance(model, rows, { top: 1 }),
      charts.learningCurve(
        tune.learningCurve(
          { y: "y", train: rows, test: rows },
          { model: "GaussianNB" },
          { parts: [0.5, 1], metrics: ["auc"] },
        ),
        "auc",
      ),
    ]);
    for (const spec of specs) {
      expect(validate(spec)).toBe(true);
      expect(await toSvg(spec)).toContain("</svg>");
    }
  });

  test("bad input: no model, one class, a specification that is none or asks for a file", async () => {
    expect((await failure(() => rocChart({}))).code).toBe("GVM5015");
    const flat = { labels: new Uint8Array(3), scores: new Float64Array(3) };
    expect((await failure(() => rocChart({ flat }))).code).toBe("GVM5014");
    expect((await failure(() => importanceChart(IMPORTANCE, { top: 0 }))).code).toBe("GVM5010");
    expect((await failure(() => learningCurveChart(CURVE, "f1"))).code).toBe("GVM5009");
    const none = await failure(() => toSvg({ $schema: ALL.roc!.$schema, mark: "lines" }));
    expect(none.code).toBe("GVM5072");
    const file = { ...ALL.learning!, data: { url: "/etc/hostname" } };
    const asks = await failure(() => toSvg(file));
    expect([asks.code, asks.message]).toEqual(["GVM5072", expect.stringContaining("put the data into")]);
    expect(await toSvg(ALL.learning!)).toContain("</svg>"); // and the next one is drawn
  });

  test("without vega the error says what to install", () => {
    const hide = `export async function resolve(name, context, next) {
      if (name === "vega") throw Object.assign(new Error("Cannot find package 'vega'"), { code: "ERR_MODULE_NOT_FOUND" });
      return next(name, context);
    }`;
    const program = `
      import { register } from "node:module";
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hide)}`)});
      const { toSvg } = await import("@graphvm/ml");
      try { await toSvg({ $schema: "" }); } catch ({ code, message }) { console.log(code, message); }`;
    const printed = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      cwd: new URL("..", import.meta.url),
    });
    expect(printed).toBe(
      "GVM5071 Drawing charts needs vega, which is not installed: npm install vega@6.4.0 vega-lite@6.4.3.\n",
    );
  });
});
