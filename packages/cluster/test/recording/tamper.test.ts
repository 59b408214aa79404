import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  headerHash,
  packRecording,
  readStoredZip,
  rechain,
  sha256Hex,
  verifyRecording,
  writeStoredZip,
} from "../../dist/recording/index.js";
import { program, sampleHeader, sampleParts, thrown } from "./samples.js";

test("G3: a flip of any bit of any byte of a small recording is found, exits with 2 and names an entry", () => {
  const bytes = packRecording(sampleParts());
  const names = new Set(["archive", ...readStoredZip(bytes).keys()]);
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [1, 0x20, 0x80]) {
      bytes[at]! ^= flip;
      const { exitCode, fields } = thrown(() => verifyRecording(bytes));
      bytes[at]! ^= flip;
      if (exitCode !== 2 || !names.has(String(fields.entry)))
        expect({ at, flip, exitCode, fields }).toBe("found and named");
    }
  }
  expect(verifyRecording(bytes).ok).toBe(true);
});

test("G3: any change of any byte of a bigger recording is found", () => {
  const header = sampleHeader({ programs: [] });
  const blobs = new Map<string, Uint8Array>();
  for (let i = 0; i < 40; i++) {
    const bytes = Buffer.from(`${i} `.repeat(1 + ((i * 97) % 900)));
    blobs.set(sha256Hex(bytes), bytes);
  }
  const calls = [...blobs.keys()].map(($blob, i) => ({ at: i, method: "put", params: [{ $blob }] }));
  const bytes = packRecording({ header, lines: rechain(calls, headerHash(header)), blobs });
  const names = new Set(["archive", ...readStoredZip(bytes).keys()]);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      bytes[at]! ^= flip;
      const { exitCode, fields } = thrown(() => verifyRecording(bytes));
      bytes[at]! ^= flip;
      return exitCode === 2 && names.has(String(fields.entry));
    }),
    { numRuns: 500 },
  );
});

test("G11: whoever makes zip, checksums and trailer right again is still found, and the entry named", () => {
  const packed = packRecording(sampleParts());
  const entries = [...readStoredZip(packed)];
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, where, flip) => {
      const i = which % entries.length;
      const [name, content] = entries[i]!;
      const changed = Buffer.from(content);
      changed[where % changed.length]! ^= flip;
      const forged = writeStoredZip(entries.with(i, [name, changed]));
      // Another deflate encoding of the very same bytes is no change of the recording.
      if (name.endsWith(".gz") && isUnpackedTo(changed, program)) return verifyRecording(forged).ok;
      const { exitCode, fields } = thrown(() => verifyRecording(forged));
      // A changed header shows where the chain should begin.
      const expected = name === "header.json" ? [name, "journal.ndjson"] : [name];
      return exitCode === 2 && expected.some((each) => String(fields.entry).startsWith(each.replace(".gz", "")));
    }),
    { numRuns: 2000 },
  );
});

/** Whether a gzip member with our header unpacks to these bytes. */
function isUnpackedTo(member: Uint8Array, plain: Uint8Array): boolean {
  if ([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255].some((byte, i) => member[i] !== byte)) return false;
  try {
    return Buffer.compare(gunzipSync(member), plain) === 0;
  } catch {
    return false;
  }
}

test("G3: two entries that swapped places, names or both are found", () => {
  const entries = [...readStoredZip(packRecording(sampleParts()))];
  for (let a = 0; a < entries.length; a++) {
    for (let b = a + 1; b < entries.length; b++) {
      const [x, y] = [entries[a]!, entries[b]!];
      const swapped = writeStoredZip(entries.with(a, [x[0], y[1]]).with(b, [y[0], x[1]]));
      expect(thrown(() => verifyRecording(swapped))).toMatchObject({
        exitCode: 2,
        fields: { entry: expect.any(String) },
      });
    }
  }
});
