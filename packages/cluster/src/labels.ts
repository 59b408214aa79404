import type { Labels } from "@graphvm/engine";
import * as v from "valibot";

/** Labels as people write them, which is also what tells them apart: `plane=eu,tier=large`. */
export const labelsText = (labels: Labels): string =>
  Object.keys(labels)
    .sort()
    .map((name) => `${name}=${labels[name]}`)
    .join(",");

/** How a worker is connected, by where its values are fetched: nothing of a thread, a WebSocket address, or a place on NATS. */
export function linkKind(host: string): "thread" | "websocket" | "nats" {
  if (host === "") return "thread";
  return host.startsWith("fabric:") ? "nats" : "websocket";
}

/** Labels in a message. Names and values are those that `checkLabels` of the engine takes. */
export const labelsSchema: v.GenericSchema<unknown, Labels> = v.pipe(
  v.record(
    v.pipe(v.string(), v.regex(/^[A-Za-z][\w.-]{0,63}$/, "is no label's name")),
    v.pipe(v.string(), v.regex(/^\w[\w.:-]{0,63}$/, "is no label's value")),
  ),
  v.maxEntries(64),
);
