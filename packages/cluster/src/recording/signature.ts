import { isUtf8 } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import * as v from "valibot";
import { base64Schema } from "./base64.js";
import { canonicalJson } from "./canonical-json.js";
import { SignatureError, SignatureKeyError, UntrustedError } from "./errors.js";
import { sha256Hex } from "./sha256.js";

/** The entry a signature stands in. */
export const SIGNATURE_ENTRY = "signature.json";

const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "is no sha-256"));
const base64 = v.pipe(base64Schema, v.minLength(1, "is empty"));
const schema = v.strictObject({
  algorithm: v.literal("ed25519"),
  content: hex,
  head: hex,
  header: hex,
  publicKey: base64,
  signature: base64,
});
type SignatureJson = v.InferOutput<typeof schema>;

/** What a signature is about. */
export interface Signed {
  /** Hash of the last journal line. */
  readonly head: string;
  /** Hash of the header. */
  readonly header: string;
  /** `contentHash` of the entries. */
  readonly content: string;
}

/** Who signed a recording. The key is what the file says: hold it against keys you trust. */
export interface RecordingSignature {
  /** The Ed25519 public key, as PEM. */
  readonly publicKey: string;
  /** sha-256 of the key's DER form (SPKI): what two people compare. */
  readonly fingerprint: string;
}

/** sha-256 over name and bytes of every entry but the signature's. @param entries Sorted by name; bytes, or their sha-256. */
export function contentHash(entries: Iterable<readonly [name: string, content: Uint8Array | string]>): string {
  const lines: string[] = [];
  for (const [name, content] of entries) {
    const sha256 = typeof content === "string" ? content : sha256Hex(content);
    if (name !== SIGNATURE_ENTRY) lines.push(`${sha256} ${name}\n`);
  }
  return sha256Hex(lines.join(""));
}

/** The bytes of a signature entry. @param key An Ed25519 private key, PEM. @throws SignatureKeyError */
export function makeSignature(signed: Signed, key: string): Uint8Array {
  const privateKey = ed25519(() => createPrivateKey(key), "private");
  const der = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const json: SignatureJson = {
    algorithm: "ed25519",
    ...signed,
    publicKey: der.toString("base64"),
    signature: sign(null, message(signed), privateKey).toString("base64"),
  };
  return Buffer.from(`${canonicalJson(json, 2)}\n`);
}

/** Checks a signature entry against what it must be about. @throws SignatureError */
export function readSignature(bytes: Uint8Array, signed: Signed): RecordingSignature {
  const json = parse(bytes);
  for (const name of ["header", "head", "content"] as const) {
    if (json[name] !== signed[name]) throw bad(`it was made for another ${name === "head" ? "journal" : name}`);
  }
  const der = Buffer.from(json.publicKey, "base64");
  let key: KeyObject;
  try {
    key = createPublicKey({ key: der, type: "spki", format: "der" });
  } catch {
    throw bad("its public key is none");
  }
  if (key.asymmetricKeyType !== "ed25519") throw bad("its key is no Ed25519 key");
  const signature = Buffer.from(json.signature, "base64");
  const exact = der.toString("base64") === json.publicKey && signature.toString("base64") === json.signature;
  if (!exact || !verify(null, message(signed), key, signature)) throw bad("it does not fit its key");
  return { publicKey: String(key.export({ type: "spki", format: "pem" })), fingerprint: sha256Hex(der) };
}

/** Fingerprints of the public keys in a text of one or more PEM blocks. @throws SignatureKeyError */
export function trustedFingerprints(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[\s\S]*?-----END PUBLIC KEY-----/g) ?? [];
  if (blocks.length === 0) {
    throw new SignatureKeyError(
      "There is no public key in the file of trusted keys: it holds PEM blocks, -----BEGIN PUBLIC KEY-----.",
      {},
    );
  }
  return blocks.map((block) => {
    const key = ed25519(() => createPublicKey(block), "public");
    return sha256Hex(key.export({ type: "spki", format: "der" }));
  });
}

/** @throws UntrustedError unless the recording is signed by one of the keys. */
export function requireTrusted(signature: RecordingSignature | undefined, fingerprints: readonly string[]): void {
  if (signature !== undefined && fingerprints.includes(signature.fingerprint)) return;
  const found = signature === undefined ? "it is not signed" : `it is signed by ${signature.fingerprint}`;
  const sentence = `The recording has no signature by a trusted key: ${found}. Ask who made it, or add the key.`;
  throw new UntrustedError(sentence, { entry: SIGNATURE_ENTRY, fingerprint: signature?.fingerprint ?? null });
}

function message({ head, header, content }: Signed): Buffer {
  return Buffer.from(`graphvm recording\n${header}\n${head}\n${content}\n`);
}

function parse(bytes: Uint8Array): SignatureJson {
  const text = isUtf8(bytes) ? Buffer.from(bytes).toString("utf8") : "";
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw bad("it is not JSON");
  }
  const result = v.safeParse(schema, json);
  if (!result.success) throw bad(`${v.getDotPath(result.issues[0]) ?? "it"}: ${result.issues[0].message}`);
  if (`${canonicalJson(result.output, 2)}\n` !== text) throw bad("it is not in canonical form");
  return result.output;
}

function ed25519(read: () => KeyObject, kind: "private" | "public"): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = read();
  } catch {
    // encrypted, or no key
  }
  if (key?.asymmetricKeyType === "ed25519") return key;
  const how = "openssl genpkey -algorithm ed25519 -out key.pem; openssl pkey -in key.pem -pubout -out key.pub";
  throw new SignatureKeyError(`An unencrypted Ed25519 ${kind} key in PEM is needed; make one with: ${how}.`, {});
}

function bad(why: string): SignatureError {
  return new SignatureError(
    `The recording's signature is not valid: ${why}. Do not trust it; take an unchanged copy.`,
    {
      entry: SIGNATURE_ENTRY,
    },
  );
}
