import childProcess from "node:child_process";
import crypto from "node:crypto";
import dns from "node:dns";
import http from "node:http";
import https from "node:https";
import Module from "node:module";
import net from "node:net";
import os from "node:os";
import { basename } from "node:path";
import tls from "node:tls";
import tty from "node:tty";
import { exempt, found, isWatched, watch, watchAsync } from "./watch.js";

/** Sees what atoms read besides files: the network, the environment, other programs, clocks and random sources of Node's own. */
export function watchSurroundings(): void {
  watchNetwork();
  watchEnvironment();
  watch(
    childProcess,
    ["spawn", "exec", "execFile", "fork", "spawnSync", "execSync", "execFileSync"],
    // arguments may hold secrets
    ([command]) => found("process", basename(String(command).trim().split(/\s/)[0] ?? "")),
  );
  watch(process, ["hrtime", "uptime", "cpuUsage"], (_args, name) => found("clock", `process.${name}`));
  watch(process.hrtime, ["bigint"], () => found("clock", "process.hrtime.bigint"));
  watch(crypto, ["generateKeyPairSync", "generateKeySync", "generatePrimeSync"], (_args, name) => {
    found("random", `crypto.${name}`);
  });
  watch(os, ["hostname", "userInfo", "cpus", "freemem", "loadavg", "networkInterfaces", "homedir"], (_args, name) => {
    found("environment", `os.${name}`);
  });
  // modules that load late are code, which the program's hash and the lockfile stand for
  exempt(Module, ["_load"]);
  exempt(os, ["tmpdir"]);
  exempt(tty.WriteStream.prototype, ["getColorDepth", "hasColors"]);
  // whether there are colours depends on variables that reach no value
  exempt(console, ["log", "info", "debug", "warn", "error", "trace", "dir", "table", "group", "assert", "count"]);
}

function watchNetwork(): void {
  watchAsync(globalThis, ["fetch"], ([target]) => found("network", hostOf(target)));
  for (const module of [http, https]) {
    watch(module, ["request", "get"], ([target]) => found("network", hostOf(target, module === https ? 443 : 80)));
  }
  for (const [target, names] of [
    [net, ["connect", "createConnection"]],
    [tls, ["connect"]],
    [net.Socket.prototype, ["connect"]],
  ] as const) {
    watch(target, names, (args) => found("network", addressOf(args)));
  }
  watch(dns, ["lookup", "resolve", "resolve4", "resolve6"], ([name]) => found("network", String(name)));
  watchAsync(dns.promises, ["lookup", "resolve", "resolve4", "resolve6"], ([name]) => found("network", String(name)));
}

/** Variables are read through a proxy; the object behind it, whose changes reach the process, stays. */
function watchEnvironment(): void {
  const variable = (name: string | symbol): void => {
    if (typeof name === "string" && isWatched()) found("environment", name);
  };
  process.env = new Proxy(process.env, {
    get(env, name, receiver) {
      variable(name);
      return Reflect.get(env, name, receiver === process.env ? env : receiver);
    },
    has(env, name) {
      variable(name);
      return Reflect.has(env, name);
    },
    ownKeys(env) {
      if (isWatched()) found("environment", "the names of all variables");
      return Reflect.ownKeys(env);
    },
  });
}

/** `host:port` of a request: neither path nor query, which may hold secrets. */
function hostOf(target: unknown, port = 80): string {
  if (typeof target === "string" || target instanceof URL || target instanceof Request) {
    const text = target instanceof Request ? target.url : String(target);
    if (!URL.canParse(text)) return "an address that is none";
    const url = new URL(text);
    return `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;
  }
  const { hostname, host, port: own } = (target ?? {}) as { [key: string]: unknown };
  return `${hostname ?? host ?? "localhost"}:${own ?? port}`;
}

/** `host:port` of what `net.connect` takes; a path for a local socket. */
function addressOf(args: readonly unknown[]): string {
  // Socket.connect gets the arguments that net.connect read already, as one array
  const [first, second] = (Array.isArray(args[0]) ? args[0] : args) as readonly unknown[];
  if (typeof first === "object" && first !== null) {
    const { host, port, path } = first as { [key: string]: unknown };
    return typeof path === "string" ? path : `${host ?? "localhost"}:${port}`;
  }
  if (typeof first === "string" && Number.isNaN(Number(first))) return first;
  return `${typeof second === "string" ? second : "localhost"}:${String(first)}`;
}
