import type { Labels } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import type { FabricOptions } from "../fabric/options.js";
import { bytesIn } from "./amount.js";
import type { Config, ExportsConfig, PlaneConfig, TierConfig } from "./config.js";
import { ConfigNameError } from "./errors.js";

/** What a config says of a worker that stands in a plane and is of a tier. */
export interface WorkerSettings {
  readonly labels: Labels;
  /** Bytes that values may take in its process's memory. */
  readonly memory?: number;
  /** How many workers its process has. */
  readonly threads: number;
  readonly volumes: { readonly [name: string]: string };
  readonly exports: ExportsConfig;
  readonly fabric?: FabricOptions;
}

/**
 * The settings of a worker. A config that names planes names all of them: another one is a typing mistake.
 *
 * @throws ConfigNameError
 */
export function workerSettings(
  config: Config | undefined,
  { plane, tier }: { readonly plane?: string | undefined; readonly tier?: string | undefined },
): WorkerSettings {
  const planes = config?.planes ?? {};
  const one: PlaneConfig = plane === undefined || Object.keys(planes).length === 0 ? {} : named("plane", plane, planes);
  const kind: TierConfig = tier === undefined ? {} : named("tier", tier, config?.tiers ?? {});
  const { memory } = kind;
  return {
    labels: { ...(tier === undefined ? {} : { tier }), ...kind.labels, ...given({ plane }) },
    ...given({ memory: memory === undefined ? undefined : bytesIn(String(memory)) }),
    threads: kind.threads ?? 1,
    volumes: one.volumes ?? {},
    exports: one.exports ?? {},
    ...given({ fabric: one.fabric ?? config?.fabric }),
  };
}

function named<T>(kind: "plane" | "tier", name: string, all: { readonly [name: string]: T }): T {
  if (Object.hasOwn(all, name)) return all[name]!;
  const names = Object.keys(all);
  const has = names.length === 0 ? `it names no ${kind}` : `it names ${names.join(", ")}`;
  throw new ConfigNameError(
    `There is no ${kind} ${name} in the config (${has}): correct the name, or write it into graphvm.config.ts.`,
    { kind, name, names },
  );
}
