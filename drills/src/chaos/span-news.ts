import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace-node";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import type { Ran } from "./reruns.js";

/** Tells of each job that this process ran to its end. Its spans know: no other hook is needed. */
export function tellRuns(tell: (ran: Omit<Ran, "worker">) => void): void {
  const processor: SpanProcessor = {
    onStart: () => {},
    onEnd: (span) => {
      const ran = ranOf(span);
      if (ran) tell(ran);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  new NodeTracerProvider({ spanProcessors: [processor] }).register();
}

function ranOf({ name, attributes, endTime: [seconds, nanos] }: ReadableSpan): Omit<Ran, "worker"> | undefined {
  const took = attributes["graphvm.seconds"];
  if (name !== "graphvm.run" || typeof took !== "number") return undefined;
  const to = seconds * 1000 + nanos / 1e6;
  return { job: String(attributes["graphvm.job"]), from: to - took * 1000, to };
}
