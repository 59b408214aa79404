import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { namespace } from "@graphvm/rules";
import { namespaceInfo } from "@graphvm/rules/internal";
import { ModuleFailedError } from "../errors.js";
import { hostModuleUrls } from "./host-modules.js";
import type { Program } from "./program.js";
import { programFolder } from "./program-folder.js";
import { SESSION_MODULE } from "./session-module.js";

/** A program's module, and every namespace that was made while it was evaluated, exported or not. */
export interface Evaluated {
  readonly module: { readonly [name: string]: unknown };
  readonly namespaces: readonly object[];
  /** The host modules it imports, by specifier. */
  readonly hosts: readonly string[];
}

type Maker = (...args: never[]) => object;

/** What shims in program folders reach through `globalThis`: this thread's captures and sessions, by evaluation. */
interface Bridge {
  capture(key: string, make: Maker): Maker;
  session(key: string): { readonly [name: string]: object };
  /** Makes a namespace that has the entries of the session's one of that name, and more. */
  extend(key: string): (name: string, rules: object) => object;
}

const BRIDGE = Symbol.for("graphvm.bridge");
const captures = new Map<string, object[]>();
const sessions = new Map<string, { readonly [name: string]: object }>();
let evaluations = 0;

/**
 * Evaluates a program's text in this thread. Inside, graphvm's packages resolve to this process's own instances, through
 * shims that note which namespaces the program makes.
 *
 * @throws ModuleFailedError with what the module threw as cause.
 */
export async function evaluateProgram(
  program: Program,
  session: { readonly [name: string]: object } = {},
): Promise<Evaluated> {
  installBridge();
  process.setSourceMapsEnabled(true);
  const key = `${program.hash.slice(0, 16)}-${evaluations++}`;
  const made: object[] = [];
  captures.set(key, made);
  sessions.set(key, session);
  const home = join(programFolder(), key);
  const hosts = usedHosts(program.code);
  for (const specifier of hosts) await writeShim(home, specifier, key);
  if (program.code.includes(SESSION_MODULE)) writeSessionShim(home, key, session);
  const file = join(home, `${program.name.replace(/[^\w.-]/g, "_")}.mjs`);
  writeProgram(file, program);
  try {
    const module = (await import(pathToFileURL(file).href)) as Evaluated["module"];
    return { module, namespaces: [...made], hosts };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ModuleFailedError(
      `The module ${program.name} failed while it was loaded: ${message}`,
      { program: program.name },
      { cause: error },
    );
  }
}

function writeProgram(file: string, program: Program): void {
  mkdirSync(dirname(file), { recursive: true });
  if (program.map === undefined) {
    writeFileSync(file, program.code);
    return;
  }
  const map = `${file}.map`;
  writeFileSync(map, program.map);
  writeFileSync(file, `${program.code}\n//# sourceMappingURL=${basename(map)}\n`);
}

function usedHosts(code: string): string[] {
  return [...hostModuleUrls().keys()].filter((specifier) => code.includes(JSON.stringify(specifier)));
}

/** A package of that name beside the program which hands on the host's instance. */
async function writeShim(home: string, specifier: string, key: string): Promise<void> {
  const url = hostModuleUrls().get(specifier)!;
  const host = (await import(url)) as { readonly [name: string]: unknown };
  const lines = [`import * as host from ${JSON.stringify(url)};`, `export * from ${JSON.stringify(url)};`];
  if ("default" in host) lines.push("export default host.default;");
  const bridge = `globalThis[Symbol.for("graphvm.bridge")]`;
  for (const maker of ["namespace", "clone"]) {
    if (maker in host) lines.push(`export const ${maker} = ${bridge}.capture(${JSON.stringify(key)}, host.${maker});`);
  }
  writePackage(home, specifier, lines.join("\n"));
}

function writeSessionShim(home: string, key: string, session: { readonly [name: string]: object }): void {
  const bridge = `globalThis[Symbol.for("graphvm.bridge")]`;
  const lines = Object.keys(session)
    .filter((name) => /^[A-Za-z_$][\w$]*$/.test(name))
    .map((name) => `export const ${name} = ${bridge}.session(${JSON.stringify(key)})[${JSON.stringify(name)}];`);
  lines.push(`export const extend = ${bridge}.extend(${JSON.stringify(key)});`);
  writePackage(home, SESSION_MODULE, lines.join("\n"));
}

/** Writes `specifier` as a package of its own: `graphvm/ml` is the export `./ml` of a package `graphvm`. */
function writePackage(home: string, specifier: string, text: string): void {
  const parts = specifier.split("/");
  const name = specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]!;
  const directory = join(home, "node_modules", name);
  const file = specifier === name ? "index.js" : `${specifier.slice(name.length + 1).replaceAll("/", "-")}.js`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, "package.json"),
    JSON.stringify({ name, type: "module", exports: { ".": "./index.js", "./*": "./*.js" } }),
  );
  writeFileSync(join(directory, file), text);
}

function installBridge(): void {
  const bridge: Bridge = {
    capture:
      (key, make) =>
      (...args) => {
        const namespace = make(...args);
        if (namespaceInfo(namespace)) captures.get(key)?.push(namespace);
        return namespace;
      },
    session: (key) => sessions.get(key) ?? {},
    extend: (key) => (name, rules) => {
      const made = namespace(name, { ...namespaceInfo(sessions.get(key)?.[name])?.entries, ...rules });
      captures.get(key)?.push(made);
      return made;
    },
  };
  (globalThis as { [BRIDGE]?: Bridge })[BRIDGE] ??= bridge;
}
