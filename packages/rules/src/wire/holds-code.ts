/**
 * Whether a message holds source text that reading it would turn into a function: anywhere in it, at any depth. Reads nothing
 * and runs nothing. It may also say so of a message that is malformed.
 */
export function holdsCode(message: unknown): boolean {
  const stack: unknown[] = [message];
  while (stack.length > 0) {
    const item = stack.pop();
    if (typeof item !== "object" || item === null || ArrayBuffer.isView(item)) continue;
    if (Object.hasOwn(item, "$closed")) return true;
    for (const inner of Object.values(item)) stack.push(inner);
  }
  return false;
}
