import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createGraph, FileValue, type Graph, InputChangedError, InputMissingError, NoAtomError } from "@graphvm/engine";
import { LocalInputs } from "@graphvm/engine/internal";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { call, leaf, rejection, rule } from "./helpers.js";

let folder = "";
let graph: Graph;
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const read = rule<[FileValue], string>("read", (file) => call((f: FileValue) => readFileSync(f.path, "utf8"), [file]));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "inputs-"));
  writeFileSync(join(folder, "x.txt"), "hello");
  graph = createGraph({ inputs: new LocalInputs(folder) });
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("E13: inputs are declared, and checked before and after", () => {
  test("E13: by a path under the root, an absolute path or a URL, with or without a digest", async () => {
    const path = join(folder, "x.txt");
    for (const uri of ["x.txt", path, pathToFileURL(path).href]) {
      expect(await graph.calc(read(new FileValue(uri)))).toBe("hello");
      expect(await graph.calc(read(new FileValue(uri, { sha256: sha256("hello"), size: 5 })))).toBe("hello");
    }
  });

  test("E13: one that is not there, or is a folder", async () => {
    for (const uri of ["y.txt", folder]) {
      const error = await rejection(graph.calc(read(new FileValue(uri))));
      expect(error).toBeInstanceOf(InputMissingError);
      expect(error.message).toContain(`The input ${uri} is not there`);
      expect(error.fields).toMatchObject({ uri, rule: "t.read", path: ["t.read"] });
    }
  });

  test("E13: one that is not what was declared, also after it was", async () => {
    const wrong = await rejection(graph.calc(read(new FileValue("x.txt", { sha256: sha256("other") }))));
    expect(wrong).toBeInstanceOf(InputChangedError);
    expect(wrong.message).toMatch(/x\.txt is not the one that was declared/);
    const file = new FileValue("x.txt", { sha256: sha256("hello") });
    const again = rule<[number, FileValue], string>("again", (_, f) =>
      call((g: FileValue) => readFileSync(g.path, "utf8"), [f]),
    );
    expect(await graph.calc(again(1, file))).toBe("hello");
    writeFileSync(join(folder, "x.txt"), "hello again");
    expect(await rejection(graph.calc(again(2, file)))).toBeInstanceOf(InputChangedError);
  });

  test.each(["sync", "async"])("E13: one that changes while a %s atom reads it", async (kind) => {
    const change = (f: FileValue): string => {
      const text = readFileSync(f.path, "utf8");
      writeFileSync(f.path, "changed under you");
      return text;
    };
    const racing = rule("racing", () =>
      call(kind === "sync" ? change : async (f: FileValue) => change(f), [new FileValue("x.txt")]),
    );
    const error = await rejection(graph.calc(racing()));
    expect(error).toBeInstanceOf(InputChangedError);
    expect(error.message).toContain("changed while it was read");
    expect(graph.hasData(racing())).toBe(false);
    expect(await graph.calc(leaf(1))).toBe(1);
  });

  test("E13: a change is what an atom that failed over it reports, and no later atom is blamed", async () => {
    const breaks = rule("breaks", (touch: boolean) =>
      call(
        (f: FileValue) => {
          const { path } = f;
          if (touch) writeFileSync(path, "");
          throw new SyntaxError("unexpected end");
        },
        [new FileValue("x.txt")],
      ),
    );
    expect((await rejection(graph.calc(breaks(false)))).message).toContain("unexpected end");
    utimesSync(join(folder, "x.txt"), 1, 1);
    expect(await graph.calc(leaf(1))).toBe(1);
    expect(await rejection(graph.calc(breaks(true)))).toBeInstanceOf(InputChangedError);
    expect(await graph.calc(leaf(2))).toBe(2);
  });

  test("E13: a file has a path only inside an atom", () => {
    expect(() => new FileValue("x.txt").path).toThrow(NoAtomError);
  });

  test("E13: a digest is taken on trust while size, time and inode hold", async () => {
    const path = join(folder, "x.txt");
    utimesSync(path, 1000, 1000);
    const inputs = new LocalInputs(folder);
    expect(inputs.digest(path)).toBe(sha256("hello"));
    writeFileSync(path, "jello");
    expect(inputs.digest(path)).toBe(sha256("jello"));
  });
});
