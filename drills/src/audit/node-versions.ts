import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { NodeVersion } from "./command.js";

const MAJORS = [20, 22, 24];

/**
 * Node 20, 22 and 24: this one, and the others from the folder that GRAPHVM_NODES names (`n22/bin/node` in it), else from
 * npm, into a cache folder of the drill's own.
 */
export function nodeVersions(): NodeVersion[] {
  const own = Number(process.versions.node.split(".")[0]);
  return MAJORS.map((major) => {
    if (major === own) return { major, path: process.execPath };
    const given = process.env.GRAPHVM_NODES;
    const path = join(given ?? install(major), `n${major}`, "bin", "node");
    if (!existsSync(path)) throw new Error(`there is no Node ${major} at ${path}`);
    return { major, path };
  });
}

/** Installs a Node from npm where it is not there yet; the folder its package lies in. */
function install(major: number): string {
  const folder = join(homedir(), ".cache", "graphvm-drills", "nodes");
  const modules = join(folder, "node_modules");
  if (!existsSync(join(modules, `n${major}`, "bin", "node"))) {
    mkdirSync(folder, { recursive: true });
    const name = `n${major}@npm:node-${process.platform}-${process.arch}@${major}`;
    execFileSync("npm", ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", name], {
      stdio: "pipe",
    });
  }
  return modules;
}
