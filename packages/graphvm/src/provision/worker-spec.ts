import { DEFAULT_PORT, type FabricOptions } from "@graphvm/cluster";
import type { WorkerSettings } from "@graphvm/cluster/internal";
import { fabricFlags } from "../cli/fabric.js";
import type { TlsFlags } from "../cli/trust.js";
import { POOL_LABEL } from "./pool.js";
import type { WorkerSpec } from "./provisioner.js";

/** What workers are told of where they meet their master; tokens are in files or variables, never in arguments. */
export interface MeetingFlags extends TlsFlags {
  readonly master?: string;
  readonly tokenFile?: string;
  readonly drainSeconds: number;
}

/** A worker with all its settings as flags: where it runs there may be no config. */
export function workerSpec(
  name: string,
  pool: string,
  { labels, memory, threads, volumes, exports: { maxBytes, inputs } }: WorkerSettings,
  {
    master,
    fabric,
    tokenFile,
    tlsCa,
    tlsCert,
    tlsKey,
    tlsClientCa,
    drainSeconds,
  }: MeetingFlags & {
    readonly fabric?: FabricOptions | undefined;
  },
): WorkerSpec {
  const flag = (option: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [option, String(value)];
  const { plane, ...others } = labels;
  const args = [
    "start-worker",
    ...(fabric ? fabricFlags(fabric) : ["--master", master ?? `ws://127.0.0.1:${DEFAULT_PORT}`]),
    ...flag("--plane", plane),
    ...Object.entries({ ...others, [POOL_LABEL]: name }).flatMap(([label, value]) => ["--label", `${label}=${value}`]),
    ...flag("--memory", memory),
    ...(threads === 1 ? [] : flag("--threads", threads)),
    ...Object.entries(volumes).flatMap(([volume, folder]) => ["--volume", `${volume}=${folder}`]),
    ...flag("--export-bytes", maxBytes),
    ...(inputs === true ? ["--export-inputs"] : []),
    ...flag("--token-file", tokenFile),
    ...flag("--tls-ca", tlsCa),
    ...flag("--tls-cert", tlsCert),
    ...flag("--tls-key", tlsKey),
    ...flag("--tls-client-ca", tlsClientCa),
    ...flag("--drain-seconds", drainSeconds),
  ];
  return { name, pool, args, threads, dialled: fabric === undefined, ...(memory === undefined ? {} : { memory }) };
}
