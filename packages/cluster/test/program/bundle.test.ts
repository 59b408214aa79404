import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleFile, bundleSource } from "../../dist/program/bundle.js";
import { evaluateProgram } from "../../dist/program/evaluate.js";
import { ProgramSet } from "../../dist/program/program-set.js";
import { failureOf, tempFolder, write } from "../helpers.js";

/** A small project: a module, one beside it, one in a folder, a CommonJS package that requires Node's own modules. */
function project(parent: string): string {
  const packages = join(parent, "node_modules", "old-style");
  mkdirSync(packages, { recursive: true });
  mkdirSync(join(parent, "lib"), { recursive: true });
  write(packages, {
    "package.json": `{ "name": "old-style", "main": "index.js" }`,
    "index.js": `const path = require("path"); const fs = require("node:fs"); exports.base = (x) => path.basename(x); exports.has = fs.existsSync;`,
  });
  write(join(parent, "lib"), {
    "inner.ts": `export const inner: number = 2; // a comment with ${"lib"}/inner.ts in it`,
  });
  return write(parent, {
    "main.ts": `import { base } from "old-style";\nimport { inner } from "./lib/inner.js";\nexport const value: string = base("/a/b.txt") + inner;\nexport const here = import.meta.url;\n`,
  });
}

test("C40: a program's bytes and name depend on its modules alone: not on where they lie, nor on the working directory", async () => {
  const [one, two] = [tempFolder(), join(tempFolder(), "deep", "er")];
  mkdirSync(two, { recursive: true });
  const a = await bundleFile(project(one));
  const b = await bundleFile(project(two));
  const before = process.cwd();
  process.chdir(one);
  const c = await bundleFile("main.ts").finally(() => process.chdir(before));
  expect(b.code).toBe(a.code);
  expect(new Set([a.hash, b.hash, c.hash]).size).toBe(1);
  expect(a.name).toBe("main");
  expect(a.code).not.toContain(one);
  expect(a.map).toContain(one);
});

test("C40: other text has another hash, and a comment alone has not", async () => {
  const folder = tempFolder();
  const path = project(folder);
  const { hash } = await bundleFile(path);
  write(join(folder, "lib"), { "inner.ts": "// another comment\nexport const inner: number = 2;" });
  expect((await bundleFile(path)).hash).toBe(hash);
  write(join(folder, "lib"), { "inner.ts": "export const inner: number = 3;" });
  expect((await bundleFile(path)).hash).not.toBe(hash);
});

test("C41: CommonJS packages that require Node's own modules work", async () => {
  const program = await bundleFile(project(tempFolder()));
  const { module } = await evaluateProgram(program);
  expect(module.value).toBe("b.txt2");
});

test("C45: a module that isn't there, or imports what isn't there, is named", async () => {
  expect(await failureOf(bundleFile("nowhere.ts"))).toMatchObject({ code: "GVM3102", exitCode: 2 });
  const path = write(tempFolder(), { "a.ts": `import { x } from "./missing.js";\nexport const y = x;` });
  const error = await failureOf(bundleFile(path));
  expect(error).toMatchObject({ code: "GVM3101", fields: { line: 1, column: 19 } });
  expect(error.message).toContain("a.ts:1:19");
  expect(error.message).toContain("missing.js");
});

test("C45: a package that isn't installed says what to do", async () => {
  const path = write(tempFolder(), { "a.ts": `import x from "@none/such/part";\nexport const y = x;` });
  expect((await failureOf(bundleFile(path))).message).toContain("Install it (npm install @none/such)");
});

test("C45: a module that does not compile is an error with file, line and column", async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, "lib"));
  write(join(folder, "lib"), { "bad.ts": "export const a = 1;\nexport const b = (;\n" });
  const path = write(folder, { "a.ts": `export * from "./lib/bad.js";` });
  const error = await failureOf(bundleFile(path));
  expect(error).toMatchObject({ code: "GVM3101", exitCode: 2, fields: { file: "lib/bad.ts", line: 2, column: 19 } });
  expect(error.message).toContain("lib/bad.ts:2:19");
  expect(await failureOf(bundleSource("let x = ;", "text", folder))).toMatchObject({ fields: { line: 1, column: 9 } });
});

test("C45: a native add-on is refused with the way out", async () => {
  const folder = tempFolder();
  write(folder, { "fast.node": "\u007fELF" });
  const error = await failureOf(
    bundleFile(write(folder, { "a.ts": `import fast from "./fast.node";\nexport { fast };` })),
  );
  expect(error).toMatchObject({ code: "GVM3101" });
  expect(error.message).toContain("every worker has installed");
});

test("C45: a module that throws while it loads is an error with what it threw", async () => {
  const path = write(tempFolder(), { "a.ts": `const what: string = "broken";\n\nthrow new TypeError(what);\n` });
  const error = await failureOf(evaluateProgram(await bundleFile(path)));
  expect(error).toMatchObject({ code: "GVM3103", fields: { program: "a" } });
  expect(error.cause).toMatchObject({ name: "TypeError", message: "broken" });
});

const rules = (value: number, more = ""): string =>
  `import { apply, namespace, rule } from "@graphvm/rules";\n${more}\nconst hidden = namespace("hidden", { get: rule(() => apply(() => ${value})()) });\nexport const shown = namespace("shown", { get: rule(() => hidden.get()) });`;

test("C42: namespaces belong to their evaluation, exported or not; versions live side by side", async () => {
  const folder = tempFolder();
  const one = await evaluateProgram(await bundleFile(write(folder, { "m.ts": rules(1) })));
  const two = await evaluateProgram(await bundleFile(write(folder, { "m.ts": rules(2) })));
  for (const each of [one, two]) expect(each.namespaces).toHaveLength(2);
  expect(one.module.shown).not.toBe(two.module.shown);
  expect(one.namespaces).toContain(one.module.shown);
  expect(two.namespaces).not.toContain(one.module.shown);
});

test("C42: two namespaces of one name in a program are refused", async () => {
  const path = write(tempFolder(), { "m.ts": rules(1, `export const other = namespace("shown", {});`) });
  expect(await failureOf(new ProgramSet().load(await bundleFile(path)))).toMatchObject({ code: "GVM3104" });
});

test("C43: what is known as redefined: other rules under a known name, and nothing else", async () => {
  const folder = tempFolder();
  const set = new ProgramSet();
  const first = await bundleFile(write(folder, { "m.ts": rules(1) }));
  expect((await set.evaluated(first)).redefined).toEqual([]);
  expect((await set.evaluated(first)).redefined).toEqual([]);
  const second = await bundleFile(write(folder, { "m.ts": rules(2) }));
  expect((await set.evaluated(second)).redefined).toEqual(["hidden", "shown"]);
  const more = `import { extend, hidden } from "graphvm/session";\nimport { rule } from "@graphvm/rules";\nexport const shown = extend("shown", { again: rule(() => hidden.get()) });`;
  expect((await set.evaluated(await bundleSource(more, "more", folder))).redefined).toEqual([]);
  const over = `import { extend } from "graphvm/session";\nimport { apply, rule } from "@graphvm/rules";\nexport const shown = extend("shown", { get: rule(() => apply(() => 9)()) });`;
  expect((await set.evaluated(await bundleSource(over, "over", folder))).redefined).toEqual(["shown"]);
});

test("C43: a version that fails to load leaves the one before", async () => {
  const folder = tempFolder();
  const set = new ProgramSet();
  const good = await bundleFile(write(folder, { "m.ts": rules(1) }));
  const module = await set.load(good);
  const bad = await bundleFile(write(folder, { "m.ts": `${rules(2)}\nthrow new Error("no");` }));
  await failureOf(set.load(bad));
  expect(set.scope.namespace("shown")).toBe(module.shown);
});
