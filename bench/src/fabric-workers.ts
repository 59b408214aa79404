// A process with a number of workers, each with a thread of its own, for the benchmark of the fabric.
import { connectWorker, type WorkerOptions } from "@graphvm/cluster";

const { count, ...options } = JSON.parse(process.argv[2]!) as WorkerOptions & { readonly count: number };
process.once("disconnect", () => process.exit(0));
for (let i = 0; i < count; i++) await connectWorker(options);
process.send!("ready");
