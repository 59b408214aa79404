// A worker process for tests: connects with the options given as JSON, and says so to its parent.
import { connectWorker, type WorkerOptions } from "@graphvm/cluster";

try {
  const worker = await connectWorker(JSON.parse(process.argv[2]!) as WorkerOptions);
  process.once("disconnect", () => process.exit(1)); // the test is gone
  process.send!({ id: worker.id });
  await worker.over;
  process.exit(0);
} catch (error) {
  process.send!({ error: String(error) });
  process.exit(1);
}
