import { setTimeout as pause } from "node:timers/promises";

/** What kept this process alive at a moment: how many resources of each kind. */
export type Resources = ReadonlyMap<string, number>;

/** Sockets, servers, ports, timers and children that are open now. */
export function openResources(): Resources {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** The lower count of each kind: what was open at both moments, without what only passed through one. */
export function lowest(a: Resources, b: Resources): Resources {
  return new Map([...a].map(([kind, count]) => [kind, Math.min(count, b.get(kind) ?? 0)]));
}

/** Kinds that come and go with work that is under way elsewhere in the process. */
const PASSING: ReadonlySet<string> = new Set(["FSReqCallback", "FSReqPromise", "Immediate", "TickObject", "CloseReq"]);

/** What is open now and was not before: an empty list once everything is closed again. */
export function newResources(before: Resources): string[] {
  return [...openResources()]
    .filter(([kind, count]) => !PASSING.has(kind) && count > (before.get(kind) ?? 0))
    .map(([kind, count]) => `${count - (before.get(kind) ?? 0)} ${kind}`);
}

/**
 * Fails where something stays open that was not open before.
 *
 * @param patience How long it may take to go away, in milliseconds.
 * @throws Error that names what is left
 */
export async function expectNoLeaks(before: Resources, patience = 5000): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    const left = newResources(before);
    if (left.length === 0) return;
    if (performance.now() > end) throw new Error(`left open after the cluster ended: ${left.join(", ")}`);
    await pause(10);
  }
}
