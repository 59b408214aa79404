/** An amount of memory: bytes, or with a unit: `"2GB"`. */
export type Amount = number | `${number}${"" | " "}${"KB" | "MB" | "GB" | "TB"}`;

const UNITS: { readonly [unit: string]: number } = { "": 1, b: 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** The bytes that a text says, `2GB`, `500 MB` or a number; undefined where it says none. */
export function bytesIn(text: string): number | undefined {
  const [, digits, unit] = /^([\d.]+)\s*([kmgt]?b?)$/i.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const bytes = Math.floor(Number(digits) * UNITS[(unit ?? "").toLowerCase().slice(0, 1)]!);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}
