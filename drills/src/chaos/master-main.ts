// A master process of a drill: knows what programs may import, starts with the options given as JSON.
import { type MasterOptions, startMaster } from "graphvm";

try {
  const master = await startMaster(JSON.parse(process.argv[2]!) as MasterOptions);
  process.once("disconnect", () => process.exit(1)); // the drill is gone
  process.send!({ id: master.url });
  await master.closed;
  process.exit(0);
} catch (error) {
  process.send!({ error: String(error) });
  process.exit(1);
}
