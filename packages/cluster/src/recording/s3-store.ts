import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { given } from "@graphvm/engine/internal";
import { KeyExistsError, StoreFailedError, StoreVerifyError } from "./errors.js";
import { s3Error, statusOf } from "./s3-errors.js";
import { checksumOf, type OpenS3, type S3Lock, type S3Upload, uploadS3 } from "./s3-upload.js";
import { sha256Hex } from "./sha256.js";
import { checkStoreKey, type PutOptions, type Store } from "./store.js";

export interface S3StoreOptions {
  readonly bucket: string;
  /** Stands before every key, with its own `/` at the end if it is to be a folder. */
  readonly prefix?: string;
  /** `AWS_ENDPOINT_URL_S3`, then `AWS_ENDPOINT_URL` by default; with one, buckets are addressed by path. */
  readonly endpoint?: string;
  /** By default what the AWS conventions say; `us-east-1` where an endpoint is given and they say nothing. */
  readonly region?: string;
  /** How often a request is tried; 3 by default. */
  readonly maxAttempts?: number;
  /** Objects above this many bytes are uploaded in parts of it; 64 MB by default, and no less than 5 MB on most servers. */
  readonly partSize?: number;
  /** What is put cannot be changed or deleted before a time, where the bucket offers that. */
  readonly lock?: S3Lock;
  /** The environment; the process's by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Larger objects are uploaded in parts of this size by default. */
const PART_SIZE = 64 * 1024 * 1024;

/**
 * A store in an S3 bucket, or in whatever speaks S3. Credentials and region follow the `AWS_*` conventions. The AWS SDK
 * is loaded by the first call. A large put goes in parts that appear together. A put is conditional (`If-None-Match: *`) unless forced, carries its sha-256 for the
 * server to check, and is verified afterwards: by the digest the server keeps, or by reading the bytes back.
 */
export class S3Store implements Store {
  readonly bucket: string;
  readonly prefix: string;
  readonly #options: S3StoreOptions;
  readonly #endpoint: string | undefined;
  #loaded: Promise<OpenS3> | undefined;

  constructor(options: S3StoreOptions) {
    const env = options.env ?? process.env;
    this.bucket = options.bucket;
    this.prefix = options.prefix ?? "";
    this.#options = options;
    // Empty variables count as not set.
    this.#endpoint = options.endpoint ?? (env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined);
  }

  async get(key: string): Promise<Uint8Array> {
    const Key = this.#key(key);
    return await this.#run(Key, async ({ sdk, client }) => {
      const reply = await client.send(new sdk.GetObjectCommand({ Bucket: this.bucket, Key }));
      return await readBody(reply, this.#uri(Key));
    });
  }

  /** Copies an object to a new file, whatever its size. */
  async download(key: string, path: string): Promise<void> {
    const Key = this.#key(key);
    await this.#run(Key, async ({ sdk, client }) => {
      const reply = await client.send(new sdk.GetObjectCommand({ Bucket: this.bucket, Key }));
      const file = createWriteStream(path, { flags: "wx" });
      await pipeline(reply.Body as Readable, file);
      if (reply.ContentLength !== undefined && file.bytesWritten !== reply.ContentLength)
        throw incomplete(this.#uri(Key));
    });
  }

  async exists(key: string): Promise<boolean> {
    const Key = this.#key(key);
    return await this.#run(Key, async ({ sdk, client }) => {
      if ((await this.#head(Key)) !== undefined) return true;
      // A HEAD does not say whether the key or the bucket is missing.
      await client.send(new sdk.HeadBucketCommand({ Bucket: this.bucket })).catch((error: unknown) => {
        if (statusOf(error) === 404) throw s3Error({ name: "NoSuchBucket" }, this.#place(Key));
        if (statusOf(error) !== 403) throw error;
      });
      return false;
    });
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<void> {
    const Key = this.#key(key);
    const { partSize = PART_SIZE, lock } = this.#options;
    const upload = { bucket: this.bucket, key: Key, bytes, conditional: options.force !== true, lock, partSize };
    await this.#run(Key, async (open) => {
      // Asked first too: some servers ignore the condition.
      if (upload.conditional && (await this.#head(Key)) !== undefined) return await this.#takeExisting(upload);
      if (!(await uploadS3(open, upload))) return await this.#takeExisting(upload);
      if (!(await this.#holds(upload))) {
        const sentence = `${this.#uri(Key)} was stored damaged; put it again with --force, or use another endpoint.`;
        throw new StoreVerifyError(sentence, { uri: this.#uri(Key) });
      }
    });
  }

  async list(prefix = ""): Promise<string[]> {
    return await this.#run(this.prefix + prefix, async ({ sdk, client }) => {
      const keys: string[] = [];
      const input = { Bucket: this.bucket, Prefix: this.prefix + prefix };
      for await (const page of sdk.paginateListObjectsV2({ client }, input)) {
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key.slice(this.prefix.length));
      }
      return keys.sort();
    });
  }

  close(): void {
    void this.#loaded?.then(({ client }) => client.destroy()).catch(() => {});
    this.#loaded = undefined;
  }

  /** Accepts what is stored if it is what we were to store. @throws KeyExistsError */
  async #takeExisting(upload: S3Upload): Promise<void> {
    if (await this.#holds(upload)) return;
    const sentence = `${this.#uri(upload.key)} is there already, with other content; use --force to replace it.`;
    throw new KeyExistsError(sentence, { uri: this.#uri(upload.key) });
  }

  /** Whether these bytes are stored: by the checksum the server keeps, or by reading them back. */
  async #holds(upload: S3Upload): Promise<boolean> {
    const { key: Key, bytes } = upload;
    const kept = (await this.#head(Key))?.ChecksumSHA256;
    if (kept !== undefined && kept === checksumOf(upload)) return true;
    // A checksum of parts is one of checksums: of other parts, it says nothing.
    if (kept !== undefined && !kept.includes("-")) return false;
    const { sdk, client } = await this.#open();
    const reply = await client.send(new sdk.GetObjectCommand({ Bucket: this.bucket, Key }));
    if (reply.ContentLength !== undefined && reply.ContentLength !== bytes.length) return false;
    const hash = createHash("sha256");
    for await (const part of reply.Body as Readable) hash.update(part as Uint8Array);
    return hash.digest("hex") === sha256Hex(bytes);
  }

  async #head(Key: string): Promise<{ ChecksumSHA256?: string | undefined } | undefined> {
    const { sdk, client } = await this.#open();
    try {
      return await client.send(new sdk.HeadObjectCommand({ Bucket: this.bucket, Key, ChecksumMode: "ENABLED" }));
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  #open(): Promise<OpenS3> {
    this.#loaded ??= import("@aws-sdk/client-s3").then((sdk) => {
      const env = this.#options.env ?? process.env;
      const endpoint = this.#endpoint;
      const known = this.#options.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined);
      const region = known ?? (endpoint === undefined ? undefined : "us-east-1");
      const client = new sdk.S3Client({
        ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
        ...given({ region }),
        maxAttempts: this.#options.maxAttempts ?? 3,
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
      });
      return { sdk, client };
    });
    return this.#loaded;
  }

  async #run<T>(Key: string, work: (open: OpenS3) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#open());
    } catch (error) {
      throw s3Error(error, this.#place(Key));
    }
  }

  #key(key: string): string {
    checkStoreKey(key);
    return this.prefix + key;
  }

  #uri(Key: string): string {
    return `s3://${this.bucket}/${Key}`;
  }

  #place(Key: string): { bucket: string; uri: string; endpoint: string } {
    return { bucket: this.bucket, uri: this.#uri(Key), endpoint: this.#endpoint ?? "AWS" };
  }
}

async function readBody(reply: GetObjectCommandOutput, uri: string): Promise<Uint8Array> {
  const bytes = await reply.Body?.transformToByteArray();
  if (bytes === undefined || (reply.ContentLength !== undefined && bytes.length !== reply.ContentLength)) {
    throw incomplete(uri);
  }
  return bytes;
}

function incomplete(uri: string): StoreFailedError {
  return new StoreFailedError(`${uri} came back incomplete; try again.`, { uri });
}
