import { createHash } from "node:crypto";
import type { S3Client } from "@aws-sdk/client-s3";
import { nameOf, statusOf } from "./s3-errors.js";

type Sdk = typeof import("@aws-sdk/client-s3");

/** The SDK and a client of it. */
export interface OpenS3 {
  readonly sdk: Sdk;
  readonly client: S3Client;
}

/** An object that cannot be changed or deleted before a time, in buckets that offer object lock. */
export interface S3Lock {
  /** Who may lift it: with `COMPLIANCE` nobody. */
  readonly mode: "GOVERNANCE" | "COMPLIANCE";
  readonly until: Date;
}

/** What is to be stored, and under which conditions. */
export interface S3Upload {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: Uint8Array;
  /** Only where nothing has that key. */
  readonly conditional: boolean;
  readonly lock: S3Lock | undefined;
  /** Larger objects go in parts of this size, in bytes. */
  readonly partSize: number;
}

/** Parts that travel side by side. */
const ABREAST = 4;

/**
 * Stores an object: at once, or in parts that appear together at the end or, where anything fails, not at all. Every request
 * carries the sha-256 of its bytes for the server to check. False where the key was taken and the upload conditional.
 */
export async function uploadS3(open: OpenS3, upload: S3Upload): Promise<boolean> {
  const { conditional } = upload;
  const send = upload.bytes.length > upload.partSize ? sendParts : sendWhole;
  for (let attempt = 1; ; attempt++) {
    try {
      await send(open, upload, conditional ? { IfNoneMatch: "*" } : {});
      return true;
    } catch (error) {
      if (!conditional) throw error;
      if (statusOf(error) === 412) return false;
      // Two conditional puts met: S3 asks to try again.
      if (statusOf(error) === 409 && attempt < 5) continue;
      if (statusOf(error) !== 501 && nameOf(error) !== "NotImplemented") throw error;
      await send(open, upload, {});
      return true;
    }
  }
}

/** What S3 keeps as the checksum of such an upload: of one in parts, the digest of the parts' digests and their number. */
export function checksumOf({ bytes, partSize }: Pick<S3Upload, "bytes" | "partSize">): string {
  if (bytes.length <= partSize) return sha256(bytes);
  const digests = partsOf(bytes, partSize).map((part) => createHash("sha256").update(part).digest());
  return `${sha256(Buffer.concat(digests))}-${digests.length}`;
}

type Condition = { readonly IfNoneMatch?: string };

async function sendWhole({ sdk, client }: OpenS3, upload: S3Upload, condition: Condition): Promise<void> {
  const { bytes } = upload;
  await client.send(
    new sdk.PutObjectCommand({
      ...place(upload),
      ...locked(upload.lock),
      ...condition,
      Body: bytes,
      ContentLength: bytes.length,
      ChecksumSHA256: sha256(bytes),
    }),
  );
}

async function sendParts(open: OpenS3, upload: S3Upload, condition: Condition): Promise<void> {
  const { sdk, client } = open;
  const at = place(upload);
  const { UploadId } = await client.send(
    new sdk.CreateMultipartUploadCommand({ ...at, ...locked(upload.lock), ChecksumAlgorithm: "SHA256" }),
  );
  try {
    const Parts = await sendEach(open, upload, UploadId!);
    await client.send(
      new sdk.CompleteMultipartUploadCommand({ ...at, ...condition, UploadId, MultipartUpload: { Parts } }),
    );
  } catch (error) {
    // parts that were sent would be kept, and paid for
    await client.send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId })).catch(() => {});
    throw error;
  }
}

interface Sent {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
  readonly ChecksumSHA256: string;
}

async function sendEach({ sdk, client }: OpenS3, upload: S3Upload, UploadId: string): Promise<Sent[]> {
  const parts = partsOf(upload.bytes, upload.partSize);
  const sent: Sent[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < parts.length) {
      const i = next++;
      const Body = parts[i]!;
      const part = { PartNumber: i + 1, ChecksumSHA256: sha256(Body) };
      const command = new sdk.UploadPartCommand({
        ...place(upload),
        ...part,
        UploadId,
        Body,
        ContentLength: Body.length,
      });
      const { ETag } = await client.send(command);
      sent[i] = { ...part, ETag };
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: ABREAST }, lane));
  const failed = lanes.find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
  return sent;
}

function place({ bucket, key }: S3Upload): { readonly Bucket: string; readonly Key: string } {
  return { Bucket: bucket, Key: key };
}

function locked(lock: S3Lock | undefined) {
  return lock ? { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.until } : {};
}

function partsOf(bytes: Uint8Array, partSize: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += partSize) parts.push(bytes.subarray(at, at + partSize));
  return parts;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}
