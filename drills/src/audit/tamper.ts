import { readStoredZip, writeStoredZip } from "@graphvm/cluster/internal";
import type { Random } from "../random.js";

/** A recording that somebody changed. */
export interface Tampered {
  readonly what: string;
  readonly bytes: Uint8Array;
  /** The entries that an error may name: the one that was changed, or one that no longer fits it. */
  readonly names: readonly string[];
}

type Entries = Map<string, Uint8Array>;

/** Makes a seeded change. Half of them make zip, checksums and trailer right again afterwards. */
export function tamper(recording: Uint8Array, kind: number, random: Random): Tampered {
  const entries: Entries = new Map(readStoredZip(recording));
  const blobs = [...entries.keys()].filter((name) => name.startsWith("blobs/"));
  const blob = random.pick(blobs);
  switch (KINDS[kind % KINDS.length]) {
    case "journal":
      return flip(recording, entries, "journal.ndjson", random, []);
    case "blob":
      // a gzipped blob can change without its content changing: then only the signature knows
      return flip(recording, entries, blob, random, blob.endsWith(".gz") ? ["signature.json"] : []);
    case "header":
      return flip(recording, entries, "header.json", random, ["journal.ndjson"]);
    case "signature":
      return flip(recording, entries, "signature.json", random, []);
    case "swap":
      return swap(entries, blobs, random);
    case "drop":
      return drop(entries, random.pick([...entries.keys()]));
    default:
      return duplicate(entries, blob, random);
  }
}

const KINDS = ["journal", "blob", "header", "signature", "swap", "drop", "duplicate"];

/** Flips a bit: in the file as it lies there, or in the entry, with everything around it made right again. */
function flip(
  recording: Uint8Array,
  entries: Entries,
  name: string,
  random: Random,
  fits: readonly string[],
): Tampered {
  const content = entries.get(name)!;
  const at = random.below(content.length);
  const bit = 1 << random.below(8);
  if (random.below(2) === 0) {
    const bytes = Uint8Array.from(recording);
    const place = content.byteOffset - recording.byteOffset + at;
    bytes[place] = bytes[place]! ^ bit;
    return { what: `bit in ${name}`, bytes, names: [name] };
  }
  const changed = Uint8Array.from(content);
  changed[at] = changed[at]! ^ bit;
  entries.set(name, changed);
  return { what: `bit in ${name}, zip made right again`, bytes: writeStoredZip(entries), names: [name, ...fits] };
}

function swap(entries: Entries, blobs: readonly string[], random: Random): Tampered {
  const first = random.below(blobs.length);
  const second = (first + 1 + random.below(blobs.length - 1)) % blobs.length;
  const [a, b] = [blobs[first]!, blobs[second]!];
  const kept = entries.get(a)!;
  entries.set(a, entries.get(b)!);
  entries.set(b, kept);
  return { what: `${a} and ${b} swapped`, bytes: writeStoredZip(entries), names: [a, b] };
}

function drop(entries: Entries, name: string): Tampered {
  entries.delete(name);
  // an error names a missing blob by its hash alone; a signature that is missing is found where one is asked for
  return { what: `${name} dropped`, bytes: writeStoredZip(entries), names: [name, name.replace(/\.gz$/, "")] };
}

/** The same bytes under another blob's name, or lines of the journal that come twice. */
function duplicate(entries: Entries, blob: string, random: Random): Tampered {
  if (random.below(2) === 0) {
    const journal = Buffer.from(entries.get("journal.ndjson")!).toString("utf8").trimEnd().split("\n");
    const at = random.below(journal.length);
    journal.splice(at, 0, journal[at]!);
    entries.set("journal.ndjson", Buffer.from(`${journal.join("\n")}\n`));
    return { what: `line ${at} of the journal twice`, bytes: writeStoredZip(entries), names: ["journal.ndjson"] };
  }
  const digit = blob[10] === "0" ? "1" : "0";
  const name = `${blob.slice(0, 10)}${digit}${blob.slice(11)}`;
  entries.set(name, entries.get(blob)!);
  return { what: `${blob} twice`, bytes: writeStoredZip(entries), names: [name, name.replace(/\.gz$/, "")] };
}
