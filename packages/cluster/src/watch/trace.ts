import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { VERSION } from "../protocol.js";
import { redactText } from "../recording/index.js";

/** A span of the W3C's form, `00-<trace>-<span>-<flags>`: what travels with a call. */
export const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** What is going on here, as it travels to another process; undefined where nobody traces. */
export function traceparent(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  if (!span || !isSpanContextValid(span)) return undefined;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, "0")}`;
}

/** Runs what another process asked for as a part of what went on there. Whatever went on here before is no part of it. */
export function within<T>(parent: string | undefined, work: () => T): T {
  return context.with(parent === undefined ? ROOT_CONTEXT : remote(parent), work);
}

function remote(parent: string): Context {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(parent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

/** Where a span of later goes; undefined where nobody traces. */
export function here(): Context | undefined {
  const now = context.active();
  return trace.getSpan(now) ? now : undefined;
}

/**
 * Does work in a span, which it may tell more. Its error is the span's too, but for what in it looks like a secret. Costs next to nothing where no
 * provider is registered.
 */
export async function traced<T>(
  name: string,
  kind: keyof typeof SpanKind,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
  parent = context.active(),
): Promise<T> {
  // asked for anew each time: a provider may be registered late, or be replaced
  const tracer = trace.getTracer("graphvm", VERSION);
  const span = tracer.startSpan(name, { kind: SpanKind[kind], attributes }, parent);
  if (!isSpanContextValid(span.spanContext())) return work(span);
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span));
  } catch (error) {
    const { message, code } = error as { message?: string; code?: string };
    span.setStatus({ code: SpanStatusCode.ERROR, message: redactText(String(message)) });
    if (code !== undefined) span.setAttribute("graphvm.error", String(code));
    throw error;
  } finally {
    span.end();
  }
}
