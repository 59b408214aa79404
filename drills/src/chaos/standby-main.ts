// A standby process of a drill: knows what programs may import, waits with the options given as JSON, says what happens.
import { type LeadOptions, standBy } from "graphvm";

const logger = {
  debug: (_fields: object, line: string) => void process.send?.({ line }),
  info: (_fields: object, line: string) => void process.send?.({ line }),
  warn: (_fields: object, line: string) => void process.send?.({ line }),
  error: (_fields: object, line: string) => void process.send?.({ line }),
};

try {
  const standby = await standBy({ ...(JSON.parse(process.argv[2]!) as LeadOptions), logger });
  process.once("disconnect", () => process.exit(1)); // the drill is gone
  process.send!({ id: "standby" });
  const master = await standby.leading;
  if (master) process.send!({ leads: true });
  await master?.closed;
  process.exit(0);
} catch (error) {
  process.send!({ error: String(error) });
  process.exit(1);
}
