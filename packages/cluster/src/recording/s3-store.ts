import type { GetObjectCommandOutput, S3Client } from "@aws-sdk/client-s3";
import { KeyExistsError, StoreFailedError, StoreVerifyError } from "./errors.js";
import { nameOf, s3Error, statusOf } from "./s3-errors.js";
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
  /** The environment; the process's by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

type Sdk = typeof import("@aws-sdk/client-s3");

/**
 * A store in an S3 bucket, or in whatever speaks S3. Credentials and region follow the `AWS_*` conventions. The AWS SDK
 * is loaded by the first call. A put is conditional (`If-None-Match: *`) unless forced, carries its sha-256 for the
 * server to check, and is verified afterwards: by the digest the server keeps, or by reading the bytes back.
 */
export class S3Store implements Store {
  readonly bucket: string;
  readonly prefix: string;
  readonly #options: S3StoreOptions;
  readonly #endpoint: string | undefined;
  #loaded: Promise<{ sdk: Sdk; client: S3Client }> | undefined;

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
    const force = options.force === true;
    const sha256 = sha256Hex(bytes);
    await this.#run(Key, async () => {
      // Asked first too: some servers ignore the condition.
      if (!force && (await this.#head(Key)) !== undefined) return await this.#takeExisting(Key, sha256);
      if (!(await this.#send(Key, bytes, sha256, !force))) return await this.#takeExisting(Key, sha256);
      if ((await this.#digest(Key)) !== sha256) {
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

  /** Sends the bytes. False if the key was taken and the put conditional. */
  async #send(Key: string, bytes: Uint8Array, sha256: string, conditional: boolean): Promise<boolean> {
    const { sdk, client } = await this.#open();
    const input = {
      Bucket: this.bucket,
      Key,
      Body: bytes,
      ContentLength: bytes.length,
      ChecksumSHA256: Buffer.from(sha256, "hex").toString("base64"),
    };
    for (let attempt = 1; ; attempt++) {
      try {
        await client.send(new sdk.PutObjectCommand(conditional ? { ...input, IfNoneMatch: "*" } : input));
        return true;
      } catch (error) {
        if (!conditional) throw error;
        if (statusOf(error) === 412) return false;
        // Two conditional puts met: S3 asks to try again.
        if (statusOf(error) === 409 && attempt < 5) continue;
        if (statusOf(error) !== 501 && nameOf(error) !== "NotImplemented") throw error;
        await client.send(new sdk.PutObjectCommand(input));
        return true;
      }
    }
  }

  /** Accepts what is stored if it is what we were to store. @throws KeyExistsError */
  async #takeExisting(Key: string, sha256: string): Promise<void> {
    if ((await this.#digest(Key)) === sha256) return;
    const sentence = `${this.#uri(Key)} is there already, with other content; use --force to replace it.`;
    throw new KeyExistsError(sentence, { uri: this.#uri(Key) });
  }

  /** sha-256 of what is stored: as the server keeps it, or of the bytes read back. */
  async #digest(Key: string): Promise<string> {
    const kept = (await this.#head(Key))?.ChecksumSHA256;
    // A checksum of a multipart upload is one of checksums, and ends with the number of parts.
    if (kept !== undefined && /^[A-Za-z0-9+/]{43}=$/.test(kept)) return Buffer.from(kept, "base64").toString("hex");
    const { sdk, client } = await this.#open();
    const reply = await client.send(new sdk.GetObjectCommand({ Bucket: this.bucket, Key }));
    return sha256Hex(await readBody(reply, this.#uri(Key)));
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

  #open(): Promise<{ sdk: Sdk; client: S3Client }> {
    this.#loaded ??= import("@aws-sdk/client-s3").then((sdk) => {
      const env = this.#options.env ?? process.env;
      const endpoint = this.#endpoint;
      const known = this.#options.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined);
      const region = known ?? (endpoint === undefined ? undefined : "us-east-1");
      const client = new sdk.S3Client({
        ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
        ...(region === undefined ? {} : { region }),
        maxAttempts: this.#options.maxAttempts ?? 3,
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
      });
      return { sdk, client };
    });
    return this.#loaded;
  }

  async #run<T>(Key: string, work: (open: { sdk: Sdk; client: S3Client }) => Promise<T>): Promise<T> {
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
    throw new StoreFailedError(`${uri} came back incomplete; try again.`, { uri });
  }
  return bytes;
}
