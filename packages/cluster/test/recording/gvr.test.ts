import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import {
  BlobDamagedError,
  BlobMissingError,
  BlobTooLargeError,
  BlobUnusedError,
  blobRef,
  ChainBrokenError,
  EntryMissingError,
  EntryUnexpectedError,
  FormatVersionError,
  HeaderError,
  headerHash,
  headerText,
  openRecording,
  packRecording,
  type RecordingHeader,
  readStoredZip,
  rechain,
  sha256Hex,
  verifyRecording,
  writeStoredZip,
} from "../../dist/recording/index.js";
import { program, sampleHeader, sampleParts, small, thrown } from "./samples.js";

/** Repacks a recording with its entries changed, as a careful tamperer would: the zip itself is right. */
function repack(bytes: Uint8Array, change: (entries: Map<string, Uint8Array>) => void): Uint8Array {
  const entries = new Map(readStoredZip(bytes));
  change(entries);
  return writeStoredZip(entries);
}

const packed = packRecording(sampleParts());

test("G1: a recording opens to what was packed", () => {
  const parts = sampleParts();
  const recording = openRecording(packed);
  expect(recording.header).toEqual(parts.header);
  expect(recording.lines).toEqual(parts.lines);
  expect(recording.head).toBe(parts.lines.at(-1)!.hash);
  expect(recording.blobs.names).toEqual([...parts.blobs.keys()].sort());
  for (const [sha256, bytes] of parts.blobs) {
    expect(Buffer.compare(recording.blobs.get(sha256), bytes)).toBe(0);
    expect(recording.blobs.size(sha256)).toBe(bytes.length);
  }
  expect(() => recording.blobs.get("0".repeat(64))).toThrow(BlobMissingError);
  expect(recording.entries.map((entry) => entry.name)).toEqual([
    ...[`blobs/${sha256Hex(program)}.gz`, `blobs/${sha256Hex(small)}`].sort(),
    "header.json",
    "journal.ndjson",
  ]);
  expect(verifyRecording(packed)).toMatchObject({
    ok: true,
    calls: 5,
    blobs: 2,
    programs: 1,
    inputs: 1,
    bytes: packed.length,
  });
});

test("G2: equal content gives equal bytes, whatever the order of keys and blobs", () => {
  const header = Object.fromEntries(Object.entries(sampleHeader()).reverse()) as unknown as RecordingHeader;
  const { lines, blobs } = sampleParts(header);
  const again = packRecording({ header, lines, blobs: new Map([...blobs].reverse()) });
  expect(Buffer.compare(again, packed)).toBe(0);
});

test("G2: the bytes are the same on every Node version and machine", () => {
  const text = Array.from({ length: 20_000 }, (_, i) => `${(i * 7919) % 10_007},${i % 13}`).join("\n");
  const header = sampleHeader({ programs: [] });
  const lines = rechain([{ at: 0, method: "m", params: [blobRef(sha256Hex(text))] }], headerHash(header));
  const bytes = packRecording({ header, lines, blobs: new Map([[sha256Hex(text), Buffer.from(text)]]) });
  expect(verifyRecording(bytes).blobBytes).toBe(text.length);
  expect([bytes.length, sha256Hex(bytes)]).toEqual([
    59_031,
    "eaf028465c333aac1daff086514a0f3f2c47a15fffb596c5087a5bcc77a2b428",
  ]);
});

test("G6: the header is canonical JSON for people, its hash the root of the chain", () => {
  const text = Buffer.from(readStoredZip(packed).get("header.json")!).toString();
  expect(text).toBe(headerText(sampleHeader()));
  expect(text).toContain('  "createdAt": "2031-02-03T04:05:06.000Z",\n');
  const compact = repack(packed, (entries) =>
    entries.set("header.json", Buffer.from(JSON.stringify(JSON.parse(text)))),
  );
  expect(thrown(() => openRecording(compact))).toBeInstanceOf(HeaderError);
  const other = repack(packed, (entries) =>
    entries.set("header.json", Buffer.from(headerText(sampleHeader({ seed: 8 })))),
  );
  expect(thrown(() => openRecording(other))).toMatchObject({
    code: "GVM4010",
    fields: { entry: "journal.ndjson", seq: 0 },
  });
});

test("G7: a header that is not one is refused by its path", () => {
  const bad: [object, string][] = [
    [{ seed: "7" }, "seed"],
    [{ seed: 0.5 }, "seed"],
    [{ flags: [2, 1] }, "flags"],
    [{ createdAt: "yesterday" }, "createdAt"],
    [{ inputs: [{ uri: "x", size: -1, sha256: sha256Hex("") }] }, "inputs.0.size"],
    [{ programs: [{ name: "p", hash: "h", blob: "nope" }] }, "programs.0.blob"],
    [{ programs: [{ name: "p", hash: "h", blob: sha256Hex(program), more: 1 }] }, "programs.0.more"],
    [{ labels: { a: 1 } }, "labels.a"],
    [{ surprise: 1 }, "surprise"],
    [{ format: { major: "1", minor: 0 } }, "format.major"],
  ];
  for (const [change, path] of bad) {
    const header = sampleHeader(change);
    const error = thrown(() => packRecording({ ...sampleParts(), header }));
    expect(error).toBeInstanceOf(HeaderError);
    expect(error.fields).toMatchObject({ entry: "header.json", path });
    const forged = repack(packed, (entries) => entries.set("header.json", Buffer.from(headerText(header))));
    expect(thrown(() => openRecording(forged)).fields).toMatchObject({ path });
  }
  const none = repack(packed, (entries) => entries.set("header.json", Buffer.from("not json")));
  expect(thrown(() => openRecording(none))).toBeInstanceOf(HeaderError);
});

test("G8: another major format version is refused before anything else of it is looked at", () => {
  const forged = repack(packed, (entries) => entries.set("header.json", Buffer.from('{"format":{"major":2},"new":1}')));
  const error = thrown(() => openRecording(forged));
  expect(error).toBeInstanceOf(FormatVersionError);
  expect(error).toMatchObject({ exitCode: 2, fields: { entry: "header.json", major: 2, supported: 1 } });
});

test("G8: a later minor format version may have keys that this one does not know", () => {
  const header = { ...sampleHeader({ format: { major: 1, minor: 3 } }), later: true } as RecordingHeader;
  const parts = sampleParts(header);
  expect(openRecording(packRecording(parts)).header).toEqual(header);
});

test("G9: an entry that is missing or that doesn't belong is named", () => {
  for (const entry of ["header.json", "journal.ndjson"]) {
    const error = thrown(() => openRecording(repack(packed, (entries) => void entries.delete(entry))));
    expect(error).toBeInstanceOf(EntryMissingError);
    expect(error.fields.entry).toBe(entry);
  }
  for (const entry of ["evil.js", "blobs/x", `blobs/${"A".repeat(64)}`, `blobs/${"a".repeat(64)}.zip`]) {
    const error = thrown(() => openRecording(repack(packed, (entries) => entries.set(entry, Buffer.from("x")))));
    expect(error).toBeInstanceOf(EntryUnexpectedError);
    expect(error.fields.entry).toBe(entry);
  }
});

test("G10: every blob referred to must be there, every blob there referred to", () => {
  const { header, lines, blobs } = sampleParts();
  for (const [sha256, bytes] of blobs) {
    const fewer = new Map([...blobs].filter(([name]) => name !== sha256));
    const error = thrown(() => packRecording({ header, lines, blobs: fewer }));
    expect(error).toBeInstanceOf(BlobMissingError);
    expect(error.fields.sha256).toBe(sha256);
    const entry = `blobs/${sha256}${bytes.length > 1024 ? ".gz" : ""}`;
    const dropped = repack(packed, (entries) => void entries.delete(entry));
    expect(thrown(() => openRecording(dropped))).toMatchObject({ code: "GVM4032", fields: { sha256 } });
  }
  const extra = Buffer.from("extra");
  const more = new Map([...blobs, [sha256Hex(extra), extra]]);
  expect(thrown(() => packRecording({ header, lines, blobs: more }))).toBeInstanceOf(BlobUnusedError);
  const added = repack(packed, (entries) => entries.set(`blobs/${sha256Hex(extra)}`, extra));
  expect(thrown(() => openRecording(added))).toMatchObject({
    code: "GVM4033",
    fields: { entry: `blobs/${sha256Hex(extra)}` },
  });
});

test("G10: the bytes of an input may be there", () => {
  const parts = sampleParts();
  const blobs = new Map([...parts.blobs, [sha256Hex("abc"), Buffer.from("abc")]]);
  expect(verifyRecording(packRecording({ ...parts, blobs })).blobs).toBe(3);
});

test("G10: references are found at any depth, in params, results and errors", () => {
  const header = sampleHeader({ programs: [] });
  const values = ["p", "r", "e"].map((text) => Buffer.from(text));
  const [p, r, e] = values.map((bytes) => blobRef(sha256Hex(bytes)));
  const calls = [
    { at: 0, method: "a", params: [[{ x: [p!] }]], result: { y: { z: r! } } },
    { at: 0, method: "b", params: { $blob: "not a hash" }, error: { fields: { value: { ...e!, note: "x" } } } },
  ];
  const blobs = new Map(values.map((bytes) => [sha256Hex(bytes), bytes] as const));
  expect(verifyRecording(packRecording({ header, lines: rechain(calls, headerHash(header)), blobs })).blobs).toBe(3);
});

test("G11: a blob with other bytes than its name says is found, swapped ones too", () => {
  const a = `blobs/${sha256Hex(small)}`;
  const b = `blobs/${sha256Hex(program)}.gz`;
  const changed = repack(packed, (entries) => entries.set(a, Buffer.from("a small Value")));
  expect(thrown(() => verifyRecording(changed))).toMatchObject({ code: "GVM4034", fields: { entry: a } });
  expect(() => openRecording(changed).blobs.get(sha256Hex(small))).toThrow(BlobDamagedError);
  const swapped = repack(packed, (entries) => {
    const [x, y] = [entries.get(a)!, entries.get(b)!];
    entries.set(a, y).set(b, x);
  });
  expect(thrown(() => verifyRecording(swapped))).toBeInstanceOf(BlobDamagedError);
  const both = repack(packed, (entries) => entries.set(`blobs/${sha256Hex(program)}`, program));
  expect(thrown(() => verifyRecording(both))).toBeInstanceOf(BlobDamagedError);
  expect(
    thrown(() =>
      packRecording({
        ...sampleParts(),
        blobs: new Map([...sampleParts().blobs].map(([name]) => [name, Buffer.from("?")])),
      }),
    ),
  ).toBeInstanceOf(BlobDamagedError);
});

test("G11: a gzipped blob has one form: our header, one member, nothing after it", () => {
  const entry = `blobs/${sha256Hex(program)}.gz`;
  const member = Buffer.from(readStoredZip(packed).get(entry)!);
  expect([...member.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  const timed = Buffer.from(member);
  timed[4] = 1;
  const wrongCrc = Buffer.from(member);
  wrongCrc[wrongCrc.length - 6]! ^= 1;
  const middle = Buffer.concat([member.subarray(0, -8), Buffer.alloc(3), member.subarray(-8)]);
  const cut = Buffer.concat([member.subarray(0, -12), member.subarray(-8)]);
  for (const forged of [timed, wrongCrc, middle, cut, Buffer.concat([member, member]), Buffer.alloc(0)]) {
    const bytes = repack(packed, (entries) => entries.set(entry, forged));
    expect(thrown(() => verifyRecording(bytes))).toMatchObject({ code: "GVM4034", fields: { entry } });
  }
});

test("G12: a zip bomb is refused unread, one that lies about its size where it exceeds it", () => {
  const entry = `blobs/${sha256Hex(program)}.gz`;
  const bomb = gzipSync(Buffer.alloc(50_000_000), { level: 9 });
  bomb[9] = 255;
  bomb[8] = 0;
  const honest = repack(packed, (entries) => entries.set(entry, bomb));
  const limits = { maxBlobBytes: 1_000_000 };
  expect(thrown(() => openRecording(honest, limits))).toMatchObject({
    code: "GVM4035",
    exitCode: 2,
    fields: { entry },
  });
  expect(thrown(() => openRecording(honest, { maxTotalBytes: 1_000_000 }))).toBeInstanceOf(BlobTooLargeError);
  const lying = Buffer.from(bomb);
  lying.writeUInt32LE(2000, lying.length - 4);
  const forged = repack(packed, (entries) => entries.set(entry, lying));
  expect(thrown(() => verifyRecording(forged, limits))).toMatchObject({ code: "GVM4034", fields: { entry } });
  expect(() => packRecording(sampleParts(), { maxBlobBytes: 100 })).toThrow(BlobTooLargeError);
});

test("J4: lines dropped, swapped, doubled, cut or reformatted in a repacked recording are found by number", () => {
  const journal = Buffer.from(readStoredZip(packed).get("journal.ndjson")!).toString();
  const lines = journal.split("\n").slice(0, -1);
  const cases: [string[], number][] = [
    [lines.toSpliced(1, 1), 1],
    [lines.with(1, lines[2]!).with(2, lines[1]!), 1],
    [lines.toSpliced(3, 0, lines[2]!), 3],
    [lines.with(2, `${lines[2]} `), 2],
    [lines.with(2, lines[2]!.replace("d1", "d2")), 2],
    [lines.toSpliced(1, 0, ""), 1],
  ];
  for (const [changed, seq] of cases) {
    const text = changed.map((line) => `${line}\n`).join("");
    const error = thrown(() => openRecording(repack(packed, (e) => e.set("journal.ndjson", Buffer.from(text)))));
    expect(error.fields).toMatchObject({ entry: "journal.ndjson", seq });
  }
  const cut = repack(packed, (entries) => entries.set("journal.ndjson", Buffer.from(journal.slice(0, -1))));
  expect(thrown(() => openRecording(cut)).fields).toMatchObject({ entry: "journal.ndjson", seq: 4 });
});

test("J4: packing refuses lines of another chain", () => {
  const parts = sampleParts();
  expect(() => packRecording({ ...parts, header: sampleHeader({ seed: 99 }) })).toThrow(ChainBrokenError);
});

test("J3, G6: bytes that are not UTF-8 have no second reading", () => {
  const header = sampleHeader({ programs: [], labels: { a: "\ufffd" } });
  const lines = rechain([{ at: 0, method: "m", params: ["\ufffd"] }], headerHash(header));
  const bytes = packRecording({ header, lines, blobs: new Map() });
  for (const entry of ["header.json", "journal.ndjson"]) {
    const text = Buffer.from(readStoredZip(bytes).get(entry)!).toString("latin1");
    const forged = Buffer.from(text.replace("\xef\xbf\xbd", "\xf0\x90\x80"), "latin1");
    expect(thrown(() => openRecording(repack(bytes, (entries) => entries.set(entry, forged)))).fields).toMatchObject({
      entry,
    });
  }
});

test("G7: a header that nests too deep is refused as a header", () => {
  const deep = "[".repeat(5000) + "]".repeat(5000);
  const text = headerText(sampleHeader({ format: { major: 1, minor: 9 } })).replace('"v8"', `"u": ${deep},"v8"`);
  const forged = repack(packed, (entries) => entries.set("header.json", Buffer.from(text)));
  expect(thrown(() => openRecording(forged))).toBeInstanceOf(HeaderError);
});
