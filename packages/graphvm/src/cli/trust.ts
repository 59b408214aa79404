import { readFileSync, statSync } from "node:fs";
import type { ClientTls, RoleTokens, ServerTls } from "@graphvm/cluster";
import type { Command } from "commander";
import { FileArgumentError, UsageError } from "../errors.js";
import type { Context } from "./context.js";

/** Where certificates are read from. */
export interface TlsFlags {
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
}

/** Where a master's tokens are read from. */
export interface RoleFlags {
  readonly tokenFile?: string;
  readonly operatorTokenFile?: string;
  readonly workerTokenFile?: string;
  readonly auditorTokenFile?: string;
}

/** Options of whoever dials a master with a certificate. */
export function clientTlsOptions(command: Command): Command {
  return command
    .option("--tls-ca <file>", "who must have signed the other side's certificate (default: whom Node knows)")
    .option("--tls-cert <file>", "a certificate to show, where the other side asks for one")
    .option("--tls-key <file>", "its key");
}

/** Options of a master: who may do what, and its certificate. */
export function masterTrustOptions(command: Command): Command {
  return command
    .option("--token-file <file>", "the operator's token, and the workers' if they have none (default: GRAPHVM_TOKEN)")
    .option("--operator-token-file <file>", "the same")
    .option("--worker-token-file <file>", "a token that workers show (default: GRAPHVM_WORKER_TOKEN)")
    .option("--auditor-token-file <file>", "a token for those who may only read (default: GRAPHVM_AUDITOR_TOKEN)")
    .option("--tls-cert <file>", "the master's certificate; links are wss:// then")
    .option("--tls-key <file>", "its key")
    .option(
      "--tls-client-ca <file>",
      "who must have signed the certificates of clients and workers (default: none asked)",
    )
    .option("--tls-ca <file>", "who must have signed the workers' certificates (default: --tls-client-ca)");
}

/** The tokens a master knows: for each role its file, else its variable. */
export function roleTokens(flags: RoleFlags, context: Context): RoleTokens {
  const { tokenFile, operatorTokenFile, workerTokenFile, auditorTokenFile } = flags;
  if (tokenFile !== undefined && operatorTokenFile !== undefined)
    throw new UsageError("--token-file and --operator-token-file are the same: give one.", {});
  return {
    operator: tokenFrom(tokenFile ?? operatorTokenFile, ["GRAPHVM_TOKEN"], context),
    worker: tokenFrom(workerTokenFile, ["GRAPHVM_WORKER_TOKEN"], context),
    auditor: tokenFrom(auditorTokenFile, ["GRAPHVM_AUDITOR_TOKEN"], context),
  };
}

/** The one token that a client or a worker shows: from the file, or the first variable that is set. */
export function shownToken(file: string | undefined, who: "client" | "worker", context: Context): string | undefined {
  const variables =
    who === "worker" ? ["GRAPHVM_WORKER_TOKEN", "GRAPHVM_TOKEN"] : ["GRAPHVM_TOKEN", "GRAPHVM_AUDITOR_TOKEN"];
  return tokenFrom(file, variables, context);
}

/** A server's certificate, if the flags name one. */
export function serverTlsOf(flags: TlsFlags, context: Context): (ServerTls & Pick<ClientTls, "ca">) | undefined {
  const { cert, key, ca, clientCa } = tlsFiles(flags, context);
  if (cert !== undefined && key !== undefined) return { cert, key, ca, clientCa };
  if (ca === undefined && clientCa === undefined) return undefined;
  throw new UsageError("--tls-client-ca and --tls-ca go with a certificate: give --tls-cert and --tls-key.", {});
}

/** A client's or worker's side of TLS, if the flags say anything of it. */
export function clientTlsOf(flags: TlsFlags, context: Context): (ClientTls & Pick<ServerTls, "clientCa">) | undefined {
  const files = tlsFiles(flags, context);
  return Object.values(files).some((file) => file !== undefined) ? files : undefined;
}

function tlsFiles(flags: TlsFlags, context: Context) {
  const { tlsCert, tlsKey, tlsCa, tlsClientCa } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError("--tls-cert and --tls-key go together: give both.", {});
  const read = (path: string | undefined, what: string): string | undefined =>
    path === undefined ? undefined : readText(path, what);
  return {
    cert: read(tlsCert, "certificate"),
    key: tlsKey === undefined ? undefined : readSecret(tlsKey, "key", context),
    ca: read(tlsCa, "authority"),
    clientCa: read(tlsClientCa, "authority"),
  };
}

function tokenFrom(file: string | undefined, variables: readonly string[], context: Context): string | undefined {
  if (file === undefined) return variables.map((name) => context.env[name]).find((value) => !!value);
  const token = readSecret(file, "token", context).trim();
  if (token !== "") return token;
  throw new FileArgumentError(`The token file ${file} is empty: write the token into it.`, { path: file });
}

/** Reads what only its owner should; says so where others can. */
function readSecret(path: string, what: string, context: Context): string {
  const text = readText(path, what);
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0)
    context.note(`warning: others on this machine can read the ${what} file ${path}: chmod 600 it`);
  return text;
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new FileArgumentError(`The ${what} file ${path} can't be read: check the path.`, { path }, { cause });
  }
}
