import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** Reads a file of up to 4 GiB; what Node's own readFile gives ends at 2 GiB. */
export function readFileWhole(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(fstatSync(file).size);
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(file, bytes, done, Math.min(bytes.length - done, 1 << 30), done);
      if (read === 0) return bytes.subarray(0, done);
      done += read;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}
