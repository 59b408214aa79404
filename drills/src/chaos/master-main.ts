// A master process of a drill: knows what programs may import, starts with the options given as JSON, says what happens.
import { type MasterOptions, startMaster } from "graphvm";

let started = false;
const say = (_fields: object, line: string): void => {
  // the first message of all is the address
  if (started) process.send?.({ line });
};
const logger = { debug: say, info: say, warn: say, error: say };

try {
  const master = await startMaster({ ...(JSON.parse(process.argv[2]!) as MasterOptions), logger });
  process.once("disconnect", () => process.exit(1)); // the drill is gone
  process.send!({ id: master.url });
  started = true;
  await master.closed;
  process.exit(0);
} catch (error) {
  process.send!({ error: String(error) });
  process.exit(1);
}
