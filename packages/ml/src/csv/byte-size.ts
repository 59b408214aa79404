import { BadOptionError } from "../errors.js";

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
};

/**
 * Bytes from a size as people write it: `5_000_000`, `"5 MB"` (5,000,000), `"5 MiB"` (5,242,880), `"64 KB"`.
 *
 * @throws BadOptionError if it is no size, or less than one byte.
 */
export function byteSize(size: number | string): number {
  if (typeof size === "number" && Number.isSafeInteger(size) && size >= 1) return size;
  const match = typeof size === "string" ? /^\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*$/i.exec(size) : null;
  const unit = match === null ? undefined : UNITS[match[2]!.toLowerCase()];
  const bytes = unit === undefined ? 0 : Math.floor(Number(match![1]) * unit);
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new BadOptionError(`blockSize ${JSON.stringify(size)} is no size in bytes: write 5000000, "5 MB" or "5 MiB".`, {
    option: "blockSize",
    value: size,
  });
}
