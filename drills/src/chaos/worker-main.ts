// A worker process of a drill: knows what programs may import, starts with the options given as JSON.
import { connectWorker, type WorkerOptions } from "graphvm";

try {
  const worker = await connectWorker(JSON.parse(process.argv[2]!) as WorkerOptions);
  process.once("disconnect", () => process.exit(1)); // the drill is gone
  process.send!({ id: worker.id });
  await worker.over;
  process.exit(0);
} catch (error) {
  process.send!({ error: String(error) });
  process.exit(1);
}
