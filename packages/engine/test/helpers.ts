import type { Op } from "@graphvm/engine";
import { type AtomFunction, Ref } from "@graphvm/engine";

/** A rule without the DSL, and the function that makes its refs. */
export function rule<A extends unknown[], T = unknown>(
  name: string,
  body: (...params: A) => Op | Ref,
): (...params: A) => Ref<T> {
  const made = { ns: "t", name, expand: (params: readonly unknown[]) => body(...(params as A)) };
  return (...params) => new Ref<T>(made, params);
}

/** An op over a few dependencies. */
export const call = (fn: AtomFunction, params: readonly unknown[] = [], deps: readonly Ref[] = []): Op => ({
  kind: "apply",
  fn,
  params,
  deps,
});

/** A leaf with this value. */
export const leaf = rule("leaf", (value: unknown) => call((v) => v, [value]));

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { fields: Record<string, unknown> }> {
  try {
    await promise;
  } catch (error) {
    return error as Error & { fields: Record<string, unknown> };
  }
  throw new Error("nothing was thrown");
}
