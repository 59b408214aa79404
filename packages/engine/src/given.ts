/**
 * An object's fields without those that are undefined: for options that must be left out rather than undefined.
 *
 * @example
 * const options = { port: 0, ...given({ host, token }) };
 */
export function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
