// A worker process of a drill: knows what programs may import, starts with the options given as JSON, says which jobs
// it ran and when it came back.
import { connectWorker, type WorkerOptions } from "graphvm";
import { tellRuns } from "./span-news.js";

let started = false;
tellRuns((ran) => {
  // the first message of all is the name
  if (started) process.send?.({ ran });
});

try {
  const worker = await connectWorker(JSON.parse(process.argv[2]!) as WorkerOptions);
  process.once("disconnect", () => process.exit(1)); // the drill is gone
  process.send!({ id: worker.id });
  started = true;
  let id = worker.id;
  const watch = setInterval(() => {
    if (worker.id === id) return;
    id = worker.id;
    process.send?.({ joined: performance.timeOrigin + performance.now() });
  }, 20);
  await worker.over;
  clearInterval(watch);
  process.exit(0);
} catch (error) {
  process.send!({ error: String(error) });
  process.exit(1);
}
