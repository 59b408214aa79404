// A master process for tests: starts with the options given as JSON, and says its address to its parent.
import { type MasterOptions, startMaster } from "@graphvm/cluster";

try {
  const master = await startMaster(JSON.parse(process.argv[2]!) as MasterOptions);
  process.once("disconnect", () => process.exit(1)); // the test is gone
  process.send!({ id: master.url });
  await master.closed;
  process.exit(0);
} catch (error) {
  process.send!({ error: String(error) });
  process.exit(1);
}
