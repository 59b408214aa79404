// A standby process for tests: waits with the options given as JSON, says so to its parent, and leads when it may.
import { type LeadOptions, standBy } from "@graphvm/cluster";

try {
  const standby = await standBy(JSON.parse(process.argv[2]!) as LeadOptions);
  process.once("disconnect", () => process.exit(1)); // the test is gone
  process.send!({ id: "standby" });
  const master = await standby.leading;
  if (master) process.send!({ leads: master.url });
  await master?.closed;
  process.exit(0);
} catch (error) {
  process.send!({ error: String(error) });
  process.exit(1);
}
