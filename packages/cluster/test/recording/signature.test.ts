import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import {
  headerHash,
  openRecording,
  packRecording,
  readStoredZip,
  rechain,
  recordingPieces,
  requireTrusted,
  signRecording,
  trustedFingerprints,
  writeStoredZip,
} from "../../dist/recording/index.js";
import { sampleHeader, sampleParts } from "./samples.js";

function keys(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}

const sample = () => sampleParts(sampleHeader({ format: { major: 1, minor: 1 } }));
const mine = keys();
const other = keys();
const plain = packRecording(sample());
const signed = signRecording(plain, mine.privateKey);

test("R26: a signed recording says by whom; every other entry is as it was", () => {
  const { signature } = openRecording(signed);
  expect(trustedFingerprints(mine.publicKey)).toEqual([signature!.fingerprint]);
  expect(signature!.publicKey).toBe(mine.publicKey);
  const entries = new Map(readStoredZip(signed));
  expect(entries.delete("signature.json")).toBe(true);
  expect(Buffer.compare(writeStoredZip(entries), plain)).toBe(0);
  expect(Buffer.compare(signRecording(plain, mine.privateKey), signed)).toBe(0);
});

test("R26: only trusted keys count, among several; signing again replaces", () => {
  const trust = (bytes: Uint8Array, pem: string): void =>
    requireTrusted(openRecording(bytes).signature, trustedFingerprints(pem));
  expect(() => trust(signed, other.publicKey + mine.publicKey)).not.toThrow();
  expect(() => trust(signed, other.publicKey)).toThrow(expect.objectContaining({ code: "GVM4037", exitCode: 2 }));
  expect(() => trust(plain, mine.publicKey)).toThrow(expect.objectContaining({ code: "GVM4037" }));
  expect(() => trust(signRecording(signed, other.privateKey), mine.publicKey)).toThrow(/trusted/);
});

test("R26: whoever changes anything and makes zip, chain and digests right again has no signature for it", () => {
  const entries = new Map(readStoredZip(signed));
  const parts = sample();
  const header = { ...parts.header, seed: 99 };
  const calls = parts.lines.map(({ seq: _seq, prev: _prev, hash: _hash, ...call }) => call);
  const forged = packRecording({ ...parts, header, lines: rechain(calls, headerHash(header)) });
  const mixed = new Map(readStoredZip(forged));
  mixed.set("signature.json", entries.get("signature.json")!);
  expect(() => openRecording(writeStoredZip(mixed))).toThrow(
    expect.objectContaining({ code: "GVM4036", fields: { entry: "signature.json" } }),
  );
  // a format that had no signatures
  expect(() => signRecording(packRecording(sampleParts()), mine.privateKey)).toThrow(/1\.0/);
});

test("R26: where a blob was changed the blob is named, not the signature", () => {
  const entries = new Map(readStoredZip(signed));
  const blob = [...entries.keys()].find((name) => name.endsWith(".gz"))!;
  entries.set(
    blob,
    entries.get(blob)!.map((byte, i) => (i === 30 ? byte ^ 1 : byte)),
  );
  expect(() => openRecording(writeStoredZip(entries))).toThrow(
    expect.objectContaining({ code: "GVM4034", fields: expect.objectContaining({ entry: blob }) }),
  );
});

test("R26: a signature that was changed in any value is refused and named", () => {
  const entries = new Map(readStoredZip(signed));
  const json = JSON.parse(Buffer.from(entries.get("signature.json")!).toString()) as Record<string, string>;
  for (const key of Object.keys(json)) {
    const changed = { ...json, [key]: json[key]!.replace(/^./, (c) => (c === "a" ? "b" : "a")) };
    entries.set("signature.json", Buffer.from(`${JSON.stringify(changed, null, 2)}\n`));
    expect(() => openRecording(writeStoredZip(entries)), key).toThrow(
      expect.objectContaining({ code: "GVM4036", fields: { entry: "signature.json" } }),
    );
  }
});

test("R26: keys of another kind, encrypted ones and no keys are refused with the way to make one", () => {
  const rsa = generateKeyPairSync("rsa", {
    modulusLength: 1024,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  for (const key of [rsa.privateKey, "", mine.publicKey, "-----BEGIN PRIVATE KEY-----"]) {
    expect(() => signRecording(plain, key)).toThrow(expect.objectContaining({ code: "GVM4038", exitCode: 2 }));
  }
  for (const key of [rsa.publicKey, "", "ssh-ed25519 AAAA"]) {
    expect(() => trustedFingerprints(key)).toThrow(expect.objectContaining({ code: "GVM4038" }));
  }
});

test("G2: what is written piece by piece is the same, byte for byte", async () => {
  const { blobs, ...parts } = sample();
  const source = {
    size: (sha256: string) => blobs.get(sha256)?.length,
    read: async (sha256: string) => blobs.get(sha256)!,
  };
  const pieces: Uint8Array[] = [];
  for await (const piece of recordingPieces({ ...parts, blobs: source })) pieces.push(piece);
  expect(Buffer.compare(Buffer.concat(pieces), plain)).toBe(0);
});
