import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { bundleFile } from "../program/bundle.js";
import { evaluateProgram } from "../program/evaluate.js";
import { checkConfig } from "./check-config.js";
import type { Config } from "./config.js";
import { ConfigError } from "./errors.js";

/** The config that commands read where none is named. */
export const CONFIG_FILE = "graphvm.config.ts";

/**
 * Reads a config the way programs are read: `file`, or `graphvm.config.ts` in the folder where it is there.
 *
 * @returns undefined where no file is named and none is there
 * @throws ModuleMissingError, ModuleCompileError, ModuleFailedError, ConfigError
 */
export async function loadConfig(file: string | undefined, folder: string): Promise<Config | undefined> {
  const path = resolve(folder, file ?? CONFIG_FILE);
  if (file === undefined && !existsSync(path)) return undefined;
  const { module } = await evaluateProgram(await bundleFile(path));
  if ("default" in module) return checkConfig(module.default, path);
  throw new ConfigError(`The config ${path} has no default export: write export default defineConfig({ … }).`, {
    file: path,
  });
}
