import type { Labels } from "@graphvm/engine";
import type { FabricOptions } from "../fabric/options.js";
import type { Amount } from "./amount.js";

/** What may leave a plane. */
export interface ExportsConfig {
  /** The largest value that a rule with `exports` lets out, in bytes of its encoding. Default 1 MiB. */
  readonly maxBytes?: number;
  /** A recording may hold the bytes of this plane's inputs, where inputs are captured. Default: it may not. */
  readonly inputs?: boolean;
}

/** A region with workers and data of its own. */
export interface PlaneConfig {
  /**
   * Folders of its workers, by name: the bound input `data/x.csv` is the file `x.csv` in the volume `data`. A relative folder is
   * seen from the config's.
   */
  readonly volumes?: { readonly [name: string]: string };
  readonly exports?: ExportsConfig;
  /** The servers that its processes talk to, a leaf node say. Default: those of the whole cluster. */
  readonly fabric?: FabricOptions;
}

/** A kind of machine: `--tier large`. */
export interface TierConfig {
  /** Labels of its workers beside `tier`, which is the tier's name unless it stands here. */
  readonly labels?: Labels;
  /** What values may take in a process's memory. Default: no limit. */
  readonly memory?: Amount;
  /** How many workers a process has, each with a thread of its own. Default 1. */
  readonly threads?: number;
}

/** What `graphvm.config.ts` says. */
export interface Config {
  readonly fabric?: FabricOptions;
  readonly planes?: { readonly [name: string]: PlaneConfig };
  readonly tiers?: { readonly [name: string]: TierConfig };
}

/**
 * The default export of `graphvm.config.ts`, typed. It is checked when a command reads it.
 *
 * @example
 * export default defineConfig({
 *   planes: { eu: { volumes: { data: "/srv/eu/data" }, exports: { maxBytes: 65_536 } } },
 *   tiers: { large: { memory: "64GB", threads: 8 } },
 * });
 */
export function defineConfig(config: Config): Config {
  return config;
}
