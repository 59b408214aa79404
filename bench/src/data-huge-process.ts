// A process of the data benchmark's cluster: a master or a worker, with the options given as JSON.
import { connectWorker, type MasterOptions, startMaster, type WorkerOptions } from "graphvm";

try {
  const options = JSON.parse(process.argv[2]!) as MasterOptions | (WorkerOptions & { master: string });
  process.once("disconnect", () => process.exit(1)); // the benchmark is gone
  if ("master" in options) {
    const worker = await connectWorker(options);
    process.send!({ id: worker.id });
    await worker.over;
  } else {
    const master = await startMaster(options);
    process.send!({ id: master.url });
    await master.closed;
  }
  process.exit(0);
} catch (error) {
  process.send!({ error: String(error) });
  process.exit(1);
}
