// The process that is attacked: a master with a worker thread and a WebSocket worker, told by JSON what tokens it has.
import { connectWorker, startMaster } from "@graphvm/cluster";
import type { Asked, FromTarget, TargetTokens } from "./target.js";

const tokens = JSON.parse(process.argv[2] ?? "{}") as TargetTokens;
const say = (said: FromTarget): void => void process.send?.(said);
const problem = (what: string) => (error: unknown) =>
  say({ kind: "problem", text: `${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` });

process.on("uncaughtException", problem("uncaught exception"));
process.on("unhandledRejection", problem("unhandled rejection"));
process.on("warning", (warning) => {
  // not ours: a dependency says so of the Node version, once
  if (!/NodeVersionSupport|ExperimentalWarning/.test(`${warning.name} ${warning.message}`)) problem("warning")(warning);
});

const limits = {
  handshakeSeconds: 2,
  wrongTokensPerMinute: 1_000_000,
  requestBytes: 256 * 1024,
  messageBytes: 16 * 1024 * 1024,
};
const master = await startMaster({ port: 0, workers: 1, tokens, limits, plannerSeconds: 2, maxNodes: 10_000 });
const token = tokens.worker;
await connectWorker({ master: master.url, ...(token === undefined ? {} : { token }) });
process.on("message", (asked: Asked) => {
  if (asked.ask !== "memory") return;
  (globalThis as { gc?: () => void }).gc?.();
  say({ kind: "memory", rss: process.memoryUsage().rss });
});
process.once("disconnect", () => process.exit(0));
say({ kind: "url", url: master.url });
