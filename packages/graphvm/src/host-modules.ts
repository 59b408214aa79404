import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { registerHostModule } from "@graphvm/cluster/internal";

/**
 * What a program imports of us is this process's one instance, never a bundled copy: a table made by a program must be an
 * instance of the class that our codec knows. Registering loads nothing. `mr` is found in @graphvm/rules, which loads
 * less than all of graphvm.
 */
export function registerHosts(): void {
  const ml = import.meta.resolve("@graphvm/ml");
  registerHostModule("graphvm", new URL("./index.js", import.meta.url).href);
  registerHostModule("graphvm/ml", new URL("./ml.js", import.meta.url).href);
  registerHostModule("@graphvm/ml", ml, ["ds", "frames", "ml", "prep", "tune"]);
  registerHostModule("apache-arrow", importedFrom("apache-arrow", ml));
}

type Exports = string | { readonly [condition: string]: Exports };

/**
 * The file that `import name` gives inside the module at `parent`. `require.resolve` finds the package, but gives the
 * CommonJS twin of what is imported.
 */
function importedFrom(name: string, parent: string): string {
  for (let file = createRequire(parent).resolve(name); file !== dirname(file); file = dirname(file)) {
    const manifest = join(dirname(file), "package.json");
    if (!existsSync(manifest)) continue;
    const found = JSON.parse(readFileSync(manifest, "utf8")) as { name: string; exports: { readonly ".": Exports } };
    if (found.name === name) return new URL(importTarget(found.exports["."]), pathToFileURL(manifest)).href;
  }
  throw new Error(`the package ${name} has no package.json`);
}

/** Conditions count in the order the package lists them, as Node has it. */
function importTarget(target: Exports): string {
  if (typeof target === "string") return target;
  const condition = Object.keys(target).find((each) => each === "node" || each === "import" || each === "default");
  return importTarget(target[condition!]!);
}

registerHosts();
