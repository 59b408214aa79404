// What one hop costs on this machine: whoever reads the latency of a job, which is several of them, should know it.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Peer } from "./cluster-peers.js";
import { SINGLES } from "./cluster-work.js";

const ECHO = `const { parentPort } = require("node:worker_threads"); parentPort.on("message", (m) => parentPort.postMessage(m));`;

/** A thread that answers each message with itself. */
export function startEcho(): Peer {
  const thread = new Worker(ECHO, { eval: true });
  return {
    async round() {
      const seconds: number[] = [];
      for (let i = 0; i < SINGLES; i++) {
        const start = performance.now();
        thread.postMessage(i);
        await once(thread, "message");
        seconds.push((performance.now() - start) / 1000);
      }
      return { seconds, peakBytes: process.resourceUsage().maxRSS * 1024 };
    },
    end: () => void thread.terminate(),
  };
}
