import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { NodeVersion } from "./command.js";

const MAJORS = [20, 22, 24];

/** The versions of Node that were found, and what is left out because they were not. */
export interface NodeVersions {
  readonly nodes: readonly NodeVersion[];
  readonly skipped: readonly string[];
}

/**
 * Node 20, 22 and 24: this one first, and the others from the folder that GRAPHVM_NODES names (`n22/bin/node` in it), else from
 * npm, into a folder that goes with the drill.
 */
export async function nodeVersions(folder: string): Promise<NodeVersions> {
  const own = Number(process.versions.node.split(".")[0]);
  const nodes: NodeVersion[] = [{ major: own, path: process.execPath }];
  const skipped: string[] = [];
  for (const major of MAJORS) {
    if (major === own) continue;
    try {
      nodes.push({ major, path: await findNode(major, folder) });
    } catch (error) {
      skipped.push(`Node ${major}: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  return { nodes, skipped };
}

async function findNode(major: number, folder: string): Promise<string> {
  const given = process.env.GRAPHVM_NODES;
  const path = join(given ?? (await install(major, folder)), `n${major}`, "bin", "node");
  if (!existsSync(path)) throw new Error(`there is none at ${path}`);
  return path;
}

/** Installs a Node from npm; the folder its package lies in. */
async function install(major: number, folder: string): Promise<string> {
  // a folder for each: npm removes what was installed beside it without being saved
  const prefix = join(folder, String(major));
  const name = `n${major}@npm:node-${process.platform}-${process.arch}@${major}`;
  console.log(`installing ${name} for this drill`);
  mkdirSync(prefix, { recursive: true });
  await promisify(execFile)("npm", ["install", "--prefix", prefix, "--no-save", "--no-audit", "--no-fund", name]);
  return join(prefix, "node_modules");
}
