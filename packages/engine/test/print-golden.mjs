// Prints the golden ids, or posts them where it is a worker thread: node packages/engine/test/print-golden.mjs
import { parentPort } from "node:worker_threads";
import { goldenIds } from "./golden-params.mjs";

if (parentPort) parentPort.postMessage(goldenIds());
else process.stdout.write(`${JSON.stringify(goldenIds(), null, 2)}\n`);
