import type { FabricOptions } from "@graphvm/cluster";
import { fabricText } from "@graphvm/cluster/internal";
import { given } from "@graphvm/engine/internal";
import type { Command } from "commander";
import { UsageError } from "../errors.js";

/** Flags that say on which NATS servers a cluster meets. */
export interface FabricFlags {
  readonly fabric?: string;
  readonly fabricCreds?: string;
  readonly cluster?: string;
}

export function fabricOptions(command: Command): Command {
  return command
    .option("--fabric <url>", "NATS servers on which the cluster meets: nats://host:4222, several with commas")
    .option("--fabric-creds <file>", "the NATS credentials to show there")
    .option("--cluster <name>", "tells clusters on the same servers apart (default: graphvm)");
}

/**
 * The fabric that flags name, or else the config; undefined where none does.
 *
 * @param said What the config says.
 * @throws UsageError, BadOptionError
 */
export function fabricOf(flags: FabricFlags, said?: FabricOptions): FabricOptions | undefined {
  const { fabric, fabricCreds, cluster } = flags;
  if (fabric === undefined && !said) {
    if (fabricCreds === undefined && cluster === undefined) return undefined;
    throw new UsageError("--cluster and --fabric-creds go with a fabric: name its servers with --fabric.", {});
  }
  const options: FabricOptions = {
    ...(fabric === undefined ? said! : { servers: fabric }),
    ...given({ cluster, credsFile: fabricCreds }),
  };
  fabricText(options); // says at once where it is no address
  return options;
}

/** The flags that name a fabric in another command. Its address has user and password, where it has them. */
export function fabricFlags({ servers, cluster, credsFile }: FabricOptions): string[] {
  return [
    ...["--fabric", typeof servers === "string" ? servers : servers.join(",")],
    ...(cluster === undefined ? [] : ["--cluster", cluster]),
    ...(credsFile === undefined ? [] : ["--fabric-creds", credsFile]),
  ];
}

/** Where the master is, for people, and the flags that name it in another command. */
export function fabricFlagsText({ servers, cluster, credsFile }: FabricOptions): string {
  const bare = fabricText({ servers }).replace(/ \(.*$/, "");
  return [
    `--fabric ${bare}`,
    ...(cluster === undefined ? [] : [`--cluster ${cluster}`]),
    ...(credsFile === undefined ? [] : [`--fabric-creds ${credsFile}`]),
  ].join(" ");
}
