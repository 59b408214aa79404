import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type BuildFailure, type BuildOptions, type BuildResult, build } from "esbuild";
import { ModuleCompileError, ModuleMissingError } from "../errors.js";
import { hostModuleUrls } from "./host-modules.js";
import type { Program } from "./program.js";
import { SESSION_MODULE } from "./session-module.js";

/**
 * Bundles a module with its imports into a program.
 *
 * @throws ModuleMissingError, ModuleCompileError
 */
export async function bundleFile(file: string, name?: string): Promise<Program> {
  const path = resolve(file);
  if (!existsSync(path)) throw new ModuleMissingError(`There is no module ${file}: check the path.`, { file: path });
  return bundle({ entryPoints: [path] }, dirname(path), name ?? basename(path, extname(path)));
}

/** Bundles a module given as text; imports are relative to `directory`. */
export async function bundleSource(source: string, name: string, directory: string): Promise<Program> {
  const stdin = { contents: source, loader: "ts" as const, resolveDir: directory, sourcefile: `${name}.ts` };
  return bundle({ stdin }, directory, name);
}

async function bundle(
  entry: Pick<BuildOptions, "entryPoints" | "stdin">,
  directory: string,
  name: string,
): Promise<Program> {
  let result: BuildResult<{ write: false; metafile: true }>;
  try {
    result = await build({
      ...entry,
      absWorkingDir: directory,
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "node",
      target: "node20",
      charset: "utf8",
      legalComments: "none",
      logLevel: "silent",
      sourcemap: "external",
      outfile: "program.mjs",
      external: [...hostModuleUrls().keys(), SESSION_MODULE],
    });
  } catch (error) {
    throw compileError(error as BuildFailure, name);
  }
  const text = result.outputFiles.find((each) => each.path.endsWith(".mjs"))!.text;
  const map = result.outputFiles.find((each) => each.path.endsWith(".map"))!.text;
  const code = withRequire(withoutPaths(text, Object.keys(result.metafile.inputs)));
  return { name, code, hash: createHash("sha256").update(code).digest("hex"), map: absoluteSources(map, directory) };
}

/** esbuild heads each module with its path in a comment, which depends on where the project lies. Lines keep their numbers. */
function withoutPaths(code: string, inputs: readonly string[]): string {
  const comments = new Set(inputs.map((input) => `// ${input}`));
  return code
    .split("\n")
    .map((line) => (comments.has(line.trim()) ? "" : line))
    .join("\n");
}

/** CommonJS packages in the bundle that require Node's own modules need a `require`; it goes on the first line. */
function withRequire(code: string): string {
  if (!code.includes("Dynamic require of")) return code;
  return `import { createRequire as $createRequire } from "node:module"; const require = $createRequire(import.meta.url);${code}`;
}

function absoluteSources(map: string, directory: string): string {
  const parsed = JSON.parse(map) as { sources: string[]; sourcesContent?: unknown };
  parsed.sources = parsed.sources.map((source) => pathToFileURL(resolve(directory, source)).href);
  delete parsed.sourcesContent;
  return JSON.stringify(parsed);
}

/** `name` of `name/part`, `@scope/name` of `@scope/name/part`. */
function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function compileError(failure: BuildFailure, name: string): ModuleCompileError {
  const first = failure.errors?.[0];
  if (!first)
    return new ModuleCompileError(`The module ${name} can't be bundled: ${failure.message}`, { program: name });
  const { location } = first;
  const place = location ? `${location.file}:${location.line}:${location.column + 1}: ` : "";
  const native = /No loader is configured for "\.node"/.test(first.text);
  const missing = /^Could not resolve "([^"./][^":]*)"$/.exec(first.text)?.[1];
  const advice = native
    ? " Native add-ons can't travel: call them through a package every worker has installed."
    : missing
      ? ` Install it (npm install ${packageOf(missing)}), or correct the name.`
      : "";
  return new ModuleCompileError(`The module ${name} does not compile: ${place}${first.text}.${advice}`, {
    program: name,
    ...(location ? { file: location.file, line: location.line, column: location.column + 1 } : {}),
  });
}
