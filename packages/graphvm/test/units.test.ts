import { PassThrough } from "node:stream";
import { tableFromArrays } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { agreeToRun } from "../dist/cli/consent.js";
import type { Context } from "../dist/cli/context.js";
import { failureOf } from "../dist/cli/failure.js";
import { parseTarget } from "../dist/cli/module-target.js";
import { jsonValue, showValue } from "../dist/cli/show-value.js";
import { bytesText, countText, plain, tableText } from "../dist/cli/text.js";
import { paints } from "../dist/picture/palette.js";
import { drawSvg } from "../dist/picture/svg.js";
import { recordedFunctions } from "../dist/recorded/functions.js";
import { recordedGraph } from "../dist/recorded/jobs.js";
import { sampleRecording } from "./sample-recording.js";

describe("failures", () => {
  /** An error with a stack of these frames. */
  const thrown = (message: string, frames: readonly string[], cause?: Error) =>
    Object.assign(new Error(message, { cause }), {
      stack: `Error: ${message}\n${frames.map((frame) => `    at ${frame}`).join("\n")}`,
    });

  test("tell the innermost place in the user's files, of the deepest cause that has one", () => {
    const cause = thrown("not today", [
      "JSON.parse (<anonymous>)",
      "next (/home/me/node_modules/lib/index.js:1:1)",
      "Object.parse [as it is] (/home/me/lib/helper.ts:6:26)",
      "<anonymous> (/home/me/main.ts:5:62)",
      "run (file:///home/graphvm/run.js:1:2)",
    ]);
    const outer = thrown("it failed: not today", ["main (/home/me/main.ts:9:1)"], cause);
    const { text, json } = failureOf(outer, false, "/home/me");
    expect(text).toBe("GVM1000: it failed: not today (at lib/helper.ts:6:26)");
    expect(json.error).toMatchObject({ message: "it failed: not today", fields: { at: "lib/helper.ts:6:26" } });
    expect(failureOf(outer, false, "/elsewhere").text).toContain("(at /home/me/lib/helper.ts:6:26)");
  });

  test("a frame may have no function, and an error no place", () => {
    expect(failureOf(thrown("x", ["async /me/a.ts:1:2"]), false, "/me").text).toBe("GVM1000: x (at a.ts:1:2)");
    expect(failureOf(thrown("a.ts:1:2: x", ["/me/a.ts:1:2"]), false, "/me").text).toBe("GVM1000: a.ts:1:2: x");
    expect(failureOf(thrown("x", ["run (node:fs:1:2)"]), false, "/me").text).toBe("GVM1000: x");
    expect(failureOf(new Error("x"), false).json.error.fields).toHaveProperty("at");
    expect(failureOf("x", false).text).toBe("GVM1000: x");
  });
});

describe("values", () => {
  test("as JSON: what it can't say is text, typed arrays are lists, tables their shape", () => {
    const value = { n: 5n, nan: Number.NaN, at: new Date(0), x: Float64Array.of(1, 2), m: new Map([["a", 1n]]) };
    expect(jsonValue(value)).toEqual({
      n: "5",
      nan: "NaN",
      at: "1970-01-01T00:00:00.000Z",
      x: [1, 2],
      m: [["a", "1"]],
    });
    const table = tableFromArrays({ a: Int32Array.of(1, 2) });
    expect(jsonValue([table])).toEqual([{ rows: 2, columns: [{ name: "a", type: "Int32" }] }]);
  });

  test("as text: long tables are cut", () => {
    const text = showValue(tableFromArrays({ a: new Int32Array(9) }));
    expect(text.split("\n")).toHaveLength(7);
    expect(text).toMatch(/^table of 9 rows: a Int32\n[\s\S]*… 4 more rows$/);
    expect(showValue("plain")).toBe("plain");
  });
});

test("texts", () => {
  expect([bytesText(999), bytesText(1000), bytesText(75_300_000)]).toEqual(["999 bytes", "1.0 KB", "75.3 MB"]);
  expect([countText(1, "job"), countText(1200, "job")]).toEqual(["1 job", "1,200 jobs"]);
  expect(
    tableText([
      ["a", "bb"],
      ["ccc", ""],
    ]),
  ).toBe("  a    bb\n  ccc");
  expect(plain("a\u001b[31mb\u202e\n\t")).toBe("a\ufffd[31mb\ufffd\n\t");
  expect(parseTarget("a.ts#b")).toEqual({ file: "a.ts", name: "b" });
  expect(parseTarget("a.ts")).toEqual({ file: "a.ts", name: undefined });
});

describe("asking before a replay", () => {
  async function ask(answers: string): Promise<{ agreed: boolean; said: string }> {
    const stdin = new PassThrough();
    const output = Object.assign(new PassThrough(), { isTTY: false });
    let said = "";
    output.on("data", (piece: Buffer) => {
      said += piece.toString();
    });
    const context = {
      stdin,
      stderr: output,
      interactive: true,
      note: (line: string) => {
        said += `${line}\n`;
      },
    } as unknown as Context;
    stdin.end(answers);
    const agreed = await agreeToRun("x.gvr", sampleRecording(), context).then(
      () => true,
      () => false,
    );
    return { agreed, said };
  }

  test("shows programs, functions and inputs; runs on yes alone", async () => {
    const { agreed, said } = await ask("y\n");
    expect(agreed).toBe(true);
    expect(said).toMatch(/x\.gvr: 3 calls, recorded 2026-/);
    expect(said).toMatch(/fraud +2 lines +sha256 [0-9a-f]{16}/);
    expect(said).toMatch(/function +12 characters/);
    expect(said).toMatch(/data\.csv +20 bytes/);
    expect((await ask("\n")).agreed).toBe(false);
  });

  test("shows the code when asked for, without what could act on a terminal", async () => {
    const { agreed, said } = await ask("s\nn\n");
    expect(agreed).toBe(false);
    expect(said).toContain("// --- program fraud\nexport const a = 1;");
    expect(said).toContain("(a) => a * 2");
    expect(said).not.toContain("\u001b");
  });

  test("an input that ends is a no", async () => {
    expect((await ask("")).agreed).toBe(false);
  });
});

describe("pictures", () => {
  test("workers have colours of their own, by number", () => {
    const painted = paints(["w10", "w2", "w1", "w2"]);
    expect([...painted.keys()]).toEqual(["w1", "w2", "w10"]);
    expect(new Set([...painted.values()].map(({ line }) => line)).size).toBe(3);
    const many = [...paints(Array.from({ length: 16 }, (_, i) => `w${i}`)).values()];
    expect(new Set(many.map(({ line, dashed }) => `${line} ${dashed}`)).size).toBe(16);
  });

  test("a recording without a picture is drawn from its jobs", async () => {
    const recording = sampleRecording();
    expect(recordedFunctions(recording)).toEqual(["(a) => a * 2"]);
    const { graph, complete } = recordedGraph(recording);
    expect(complete).toBe(false);
    expect(graph.picture.nodes).toHaveLength(2);
    const svg = await drawSvg(graph, "<x> & y");
    expect(svg).toContain("&lt;x&gt; &amp; y");
    expect(svg).toContain('font-family="Verdana,');
    expect(svg).toContain("w2: 1 job<");
  });

  test("the same graph gives the same picture", async () => {
    const { graph } = recordedGraph(sampleRecording());
    expect(await drawSvg(graph, "x")).toBe(await drawSvg(graph, "x"));
  });
});
