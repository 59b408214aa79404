import { httpPages } from "../master/http.js";
import type { Master } from "../master/master.js";
import type { HttpHook } from "../transport/listen.js";
import { masterMetrics } from "./metrics.js";

/** What can be seen of a master from outside: its pages. */
export function masterPages(master: Master): HttpHook {
  const { session, log } = master;
  const registry = masterMetrics(session, log, session.watch);
  return httpPages({
    whyNotReady: () => master.whyNotReady(),
    metrics: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  });
}
