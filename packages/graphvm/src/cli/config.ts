import type { Config } from "@graphvm/cluster";
import { CONFIG_FILE, loadConfig, type WorkerSettings, workerSettings } from "@graphvm/cluster/internal";
import { given } from "@graphvm/engine/internal";
import type { Command } from "commander";
import { type LabelFlags, mapping, wholeNumber } from "./options.js";

/** Flags of commands that read `graphvm.config.ts`. */
export interface ConfigFlags {
  readonly config?: string;
}

/** Flags that say what a worker is; they go before the config. */
export interface WorkerFlags extends ConfigFlags, LabelFlags {
  readonly tier?: string;
  readonly memory?: number;
  readonly volume?: { readonly [name: string]: string };
  readonly threads?: number;
  readonly exportBytes?: number;
  readonly exportInputs?: boolean;
}

export function configOption(command: Command): Command {
  return command.option(
    "--config <file>",
    `names planes, tiers and volumes; flags go before it (default: ${CONFIG_FILE}, where it is here)`,
  );
}

export function volumeOption(command: Command): Command {
  return command.option(
    "--volume <name=dir>",
    "where inputs that are bound to the plane are found: data/x.csv is x.csv in the volume data; repeatable",
    mapping,
  );
}

/** What a worker of a tier in a plane is, and what flags say instead. */
export function tierOptions(command: Command): Command {
  return command
    .option("--tier <name>", "which of the config's tiers the worker is: labels, memory and threads")
    .option(
      "--threads <n>",
      "workers in its process, each with a thread of its own (default: the tier's, or 1)",
      wholeNumber(1),
    )
    .option(
      "--export-bytes <n>",
      "the largest value that a rule lets out of its plane (default: 1 MiB)",
      wholeNumber(0),
    )
    .option("--export-inputs", "recordings may hold the bytes of its plane's inputs");
}

/** The config the flags name, or the one that is here. @throws ConfigError, and what modules throw that can't be loaded */
export function configOf({ config }: ConfigFlags): Promise<Config | undefined> {
  return loadConfig(config, process.cwd());
}

/** What flags and config say of a worker. @throws ConfigNameError */
export function settingsOf(flags: WorkerFlags, config: Config | undefined): WorkerSettings {
  const { plane = flags.label?.plane, tier, label, memory, volume, threads, exportBytes, exportInputs } = flags;
  const said = workerSettings(config, { plane, tier });
  return {
    ...said,
    labels: { ...said.labels, ...label, ...given({ plane }) },
    volumes: { ...said.volumes, ...volume },
    exports: { ...said.exports, ...given({ maxBytes: exportBytes, inputs: exportInputs }) },
    ...given({ memory, threads }),
  };
}
