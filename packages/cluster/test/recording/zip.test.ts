import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  ARCHIVE,
  ArchiveDamagedError,
  ArchiveLimitError,
  EntryNameError,
  readStoredZip,
  sha256Hex,
  writeStoredZip,
} from "../../dist/recording/index.js";
import { checkLimits } from "../../dist/recording/zip-layout.js";
import { thrown } from "./samples.js";
import { tempFolder } from "./temp-folder.js";

const segment = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,12}$/);
const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const content = fc.dictionary(name, fc.uint8Array({ maxLength: 60 }), { maxKeys: 6, noNullPrototype: true });

test("G2: what was written is read, sorted, whatever the order it was given in", () => {
  fc.assert(
    fc.property(content, (files) => {
      const entries = Object.entries(files);
      const bytes = writeStoredZip(entries);
      expect(Buffer.compare(writeStoredZip(entries.reverse()), bytes)).toBe(0);
      const read = readStoredZip(bytes);
      expect([...read.keys()]).toEqual(Object.keys(files).sort());
      for (const [file, data] of entries) expect(Buffer.compare(read.get(file)!, data)).toBe(0);
    }),
  );
});

test("G3: a change of any byte to any value is found, and named", () => {
  fc.assert(
    fc.property(content, fc.nat(), fc.integer({ min: 1, max: 255 }), (files, at, flip) => {
      const bytes = writeStoredZip(Object.entries(files));
      bytes[at % bytes.length]! ^= flip;
      const error = thrown(() => readStoredZip(bytes));
      expect([...Object.keys(files), ARCHIVE]).toContain(error.fields.entry);
      expect(error.exitCode).toBe(2);
    }),
    { numRuns: 2000 },
  );
});

test("G3: a flip in an entry's header or bytes names that entry, one in the directory or after it the archive", () => {
  const files = { a: Buffer.from("first"), "b/c": Buffer.from("second"), d: Buffer.alloc(0) };
  const bytes = writeStoredZip(Object.entries(files));
  let from = 0;
  for (const [entry, data] of Object.entries(files)) {
    const to = from + 30 + entry.length + data.length;
    for (let at = from; at < to; at++) {
      bytes[at]! ^= 64;
      // The file's own name is where directory and header can only disagree.
      const inName = at >= from + 30 && at < from + 30 + entry.length;
      expect(thrown(() => readStoredZip(bytes)).fields.entry).toBe(inName ? ARCHIVE : entry);
      bytes[at]! ^= 64;
    }
    from = to;
  }
  for (let at = from; at < bytes.length; at++) {
    bytes[at]! ^= 64;
    const error = thrown(() => readStoredZip(bytes));
    expect([ARCHIVE, ...Object.keys(files)]).toContain(error.fields.entry);
    bytes[at]! ^= 64;
  }
});

test("G3: a file that is cut, prolonged, empty or something else is refused", () => {
  const bytes = writeStoredZip([["a", Buffer.from("first")]]);
  for (let size = 0; size < bytes.length; size++) {
    expect(() => readStoredZip(bytes.subarray(0, size))).toThrow(ArchiveDamagedError);
  }
  for (const other of [Buffer.concat([bytes, Buffer.alloc(1)]), Buffer.concat([Buffer.alloc(1), bytes])]) {
    expect(() => readStoredZip(other)).toThrow(ArchiveDamagedError);
  }
  expect(() => readStoredZip(Buffer.from("{}".repeat(100)))).toThrow(/another file/);
  expect(() => readStoredZip(Buffer.concat([bytes, bytes]))).toThrow(ArchiveDamagedError);
});

test("G2: random bytes never do more than throw a typed error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, tail) => {
      const end = writeStoredZip([["a", Buffer.from("x")]]).subarray(-86 - 47);
      const bytes = tail ? Buffer.concat([noise, end]) : noise;
      expect(thrown(() => readStoredZip(bytes)).exitCode).toBe(2);
    }),
  );
});

test("G4: names that leave the folder, or aren't plain, are neither written nor read", () => {
  const escapes = [
    "../x",
    "/etc/passwd",
    "a/../../x",
    "a\\b",
    "C:/x",
    "a//b",
    "a/",
    "",
    ".",
    "..",
    "...",
    "a b",
    "é",
    "a\0",
    "x".repeat(256),
  ];
  for (const bad of escapes) {
    expect(() => writeStoredZip([[bad, Buffer.alloc(1)]])).toThrow(EntryNameError);
    if (bad.length === 0 || bad.length > 255) continue;
    // The same in a file made by hand: the name patched in both headers, the sha-256 at the end made right.
    const plain = "n".repeat(bad.length);
    const error = thrown(() => readStoredZip(patched(writeStoredZip([[plain, Buffer.alloc(1)]]), plain, bad)));
    expect(error).toBeInstanceOf(EntryNameError);
    expect(error.fields.entry).toBe(bad);
  }
});

test("G4: a name that comes twice is refused", () => {
  expect(() =>
    writeStoredZip([
      ["a", Buffer.alloc(1)],
      ["a", Buffer.alloc(1)],
    ]),
  ).toThrow(EntryNameError);
  const bytes = writeStoredZip([
    ["a", Buffer.alloc(1)],
    ["b", Buffer.alloc(1)],
  ]);
  expect(() => readStoredZip(patched(bytes, "b", "a"))).toThrow(EntryNameError);
  expect(() => readStoredZip(patched(bytes, "a", "c"))).toThrow(EntryNameError);
});

test("G5: what a plain zip can't hold is refused", () => {
  expect(() => checkLimits(65_535, 0, 0, "a")).toThrow(ArchiveLimitError);
  expect(() => checkLimits(65_534, 0, 0, "a")).not.toThrow();
  expect(() => checkLimits(1, 4_294_967_296, 0, "a")).toThrow(ArchiveLimitError);
  expect(() => checkLimits(1, 4_294_967_000, 400, "a")).toThrow(ArchiveLimitError);
});

test("G2: python's zipfile opens it and finds nothing wrong", async (context) => {
  const path = join(await tempFolder(), "x.zip");
  await writeFile(
    path,
    writeStoredZip([
      ["a.txt", Buffer.from("hello")],
      ["blobs/b", Buffer.from("x")],
    ]),
  );
  const script =
    "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip(), z.read('a.txt'), z.namelist())";
  let output: string;
  try {
    output = execFileSync("python3", ["-c", script, path], { encoding: "utf8" });
  } catch {
    return context.skip("python3 was not found");
  }
  expect(output.trim()).toBe("None b'hello' ['a.txt', 'blobs/b']");
});

/** Replaces a name wherever it stands, and puts the right sha-256 at the end. */
function patched(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const end = bytes.length - 64;
  const body = Buffer.from(Buffer.from(bytes.subarray(0, end)).toString("latin1").replaceAll(from, to), "latin1");
  return Buffer.concat([body, Buffer.from(sha256Hex(body))]);
}
