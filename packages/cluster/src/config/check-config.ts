import { dirname, resolve } from "node:path";
import { isLabel } from "@graphvm/engine/internal";
import * as v from "valibot";
import { labelsSchema } from "../labels.js";
import { bytesIn } from "./amount.js";
import type { Config } from "./config.js";
import { ConfigError } from "./errors.js";

const name = v.pipe(
  v.string(),
  v.check(isLabel, "is no name: names are made of letters, digits, _ . : and -, and begin with a letter or digit"),
);
const text = v.pipe(v.string(), v.minLength(1, "is empty"));
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const fabric = v.strictObject({
  servers: v.union(
    [text, v.pipe(v.array(text), v.minLength(1, "names no server"))],
    "is no address, nor a list of them",
  ),
  cluster: v.exactOptional(
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/, "has other characters than letters, digits, - and _")),
  ),
  credsFile: v.exactOptional(text),
  room: v.exactOptional(
    v.strictObject({
      journal: v.exactOptional(positive),
      blobs: v.exactOptional(positive),
      jobs: v.exactOptional(positive),
    }),
  ),
  leaseSeconds: v.exactOptional(v.pipe(v.number(), v.minValue(1, "is less than a second"))),
  tls: v.exactOptional(
    v.strictObject({ ca: v.exactOptional(text), cert: v.exactOptional(text), key: v.exactOptional(text) }),
  ),
});

const schema: v.GenericSchema<unknown, Config> = v.strictObject({
  fabric: v.exactOptional(fabric),
  planes: v.exactOptional(
    v.record(
      name,
      v.strictObject({
        volumes: v.exactOptional(v.record(name, text)),
        exports: v.exactOptional(
          v.strictObject({ maxBytes: v.exactOptional(bytes), inputs: v.exactOptional(v.boolean()) }),
        ),
        fabric: v.exactOptional(fabric),
      }),
    ),
  ),
  tiers: v.exactOptional(
    v.record(
      name,
      v.strictObject({
        labels: v.exactOptional(labelsSchema),
        memory: v.exactOptional(
          v.union(
            [
              positive,
              v.pipe(
                v.string(),
                v.check((said) => bytesIn(said) !== undefined),
              ),
            ],
            'is no amount such as "2GB"',
          ),
        ),
        threads: v.exactOptional(positive),
      }),
    ),
  ),
}) as never;

/**
 * Checks what a config's module exports; paths in it are absolute then.
 *
 * @param file The config's own path.
 * @throws ConfigError
 */
export function checkConfig(value: unknown, file: string): Config {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    const path = v.getDotPath(issue) ?? "its default export";
    throw new ConfigError(`The config ${file} is not valid: ${path}: ${issue.message}. Correct it.`, { file, path });
  }
  return absolute(result.output, dirname(file));
}

function absolute({ fabric, planes = {}, tiers = {} }: Config, folder: string): Config {
  const creds = <F extends { readonly credsFile?: string }>(servers: F): F =>
    servers.credsFile === undefined ? servers : { ...servers, credsFile: resolve(folder, servers.credsFile) };
  const entries = Object.entries(planes).map(([plane, { volumes = {}, fabric, ...others }]) => {
    const folders = Object.entries(volumes).map(([volume, path]) => [volume, resolve(folder, path)]);
    return [plane, { ...others, volumes: Object.fromEntries(folders), ...(fabric && { fabric: creds(fabric) }) }];
  });
  return { ...(fabric && { fabric: creds(fabric) }), planes: Object.fromEntries(entries), tiers };
}
