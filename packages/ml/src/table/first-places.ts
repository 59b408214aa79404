/** By name, where it stands first. */
export function firstPlaces(names: readonly string[]): Map<string, number> {
  const places = new Map<string, number>();
  names.forEach((name, i) => {
    if (!places.has(name)) places.set(name, i);
  });
  return places;
}
