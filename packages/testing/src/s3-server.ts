import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { crc32 } from "node:zlib";
import { given } from "@graphvm/engine/internal";

/** What a test can make the server do wrong. */
export interface S3Faults {
  /** Answer every request with this code and status. */
  refuse?: { status: number; code: string };
  /** Answer conditional puts with 501, or ignore the condition. */
  conditions?: "unimplemented" | "ignored";
  /** The bucket offers no object lock. */
  noLock?: boolean;
  /** Fail when this part of an upload comes. */
  failPart?: number;
  /** Flip a bit of what is stored, and keep no checksum. */
  corrupt?: boolean;
  /** Keep no checksums, as older servers do. */
  forgetful?: boolean;
  /** Cut the connection in the middle of a body that is read. */
  cutReads?: boolean;
  /** Called when a put was received, before it is stored. */
  beforeStore?: (bucket: string, key: string) => void;
}

interface S3Object {
  bytes: Buffer;
  sha256?: string;
  /** Until when it is locked, as the request said. */
  lock?: string;
}

/** A small S3 server on loopback for tests: path style, PUT, GET, HEAD and LIST, conditions, checksums, aws-chunked, parts. */
export interface S3Server extends AsyncDisposable {
  readonly url: string;
  readonly buckets: Map<string, Map<string, S3Object>>;
  readonly faults: S3Faults;
  /** Uploads in parts that were neither completed nor aborted. */
  readonly uploads: Map<string, Upload>;
  /** `METHOD /path` of each request, in order. */
  readonly log: string[];
}

/** An upload in parts under way. */
interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly lock: string | undefined;
  readonly parts: Map<number, S3Object>;
}

class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export async function startS3(...names: string[]): Promise<S3Server> {
  const buckets = new Map(names.map((name) => [name, new Map<string, S3Object>()]));
  const faults: S3Faults = {};
  const log: string[] = [];
  const uploads = new Map<string, Upload>();
  const server = createServer((request, response) => {
    log.push(`${request.method} ${request.url}`);
    answer({ buckets, faults, uploads }, request, response).catch((error: unknown) => {
      const { status = 500, code = "InternalError", message = code } = error instanceof S3Error ? error : {};
      const xml = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
      response.writeHead(status, { "content-type": "application/xml" });
      response.end(request.method === "HEAD" ? undefined : xml);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    buckets,
    faults,
    uploads,
    log,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise<void>((done) => server.close(() => done()));
    },
  };
}

async function answer(
  { buckets, faults, uploads }: Pick<S3Server, "buckets" | "faults" | "uploads">,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readAll(request);
  if (faults.refuse) throw new S3Error(faults.refuse.status, faults.refuse.code);
  const url = new URL(request.url ?? "/", "http://s3");
  const [bucket = "", ...rest] = url.pathname.slice(1).split("/").map(decodeURIComponent);
  const key = rest.join("/");
  const objects = buckets.get(bucket);
  if (objects === undefined) throw new S3Error(404, "NoSuchBucket");
  if (key === "") {
    if (request.method === "HEAD") response.end();
    else list(objects, url, response);
    return;
  }
  const lock = request.headers["x-amz-object-lock-retain-until-date"] as string | undefined;
  if (lock !== undefined && faults.noLock)
    throw new S3Error(400, "InvalidRequest", "Bucket is missing Object Lock Configuration");
  const uploadId = url.searchParams.get("uploadId");
  if (request.method === "POST" && url.searchParams.has("uploads")) {
    const id = `upload-${uploads.size}`;
    uploads.set(id, { bucket, key, lock, parts: new Map() });
    response.end(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    return;
  }
  if (uploadId !== null) {
    const upload = uploads.get(uploadId);
    if (upload?.bucket !== bucket || upload.key !== key) throw new S3Error(404, "NoSuchUpload");
    if (request.method === "DELETE") {
      uploads.delete(uploadId);
      response.writeHead(204).end();
    } else if (request.method === "PUT") {
      const number = Number(url.searchParams.get("partNumber"));
      if (number === faults.failPart) throw new S3Error(400, "BadDigest");
      const part = receive(request, body);
      upload.parts.set(number, part);
      response.writeHead(200, { etag: etag(part.bytes) }).end();
    } else complete(buckets, faults, uploads, uploadId, body.toString(), request, response);
    return;
  }
  if (request.method === "PUT") {
    const conditional = request.headers["if-none-match"] === "*";
    if (conditional && faults.conditions === "unimplemented") throw new S3Error(501, "NotImplemented");
    const object: S3Object = { ...receive(request, body), ...given({ lock }) };
    faults.beforeStore?.(bucket, key);
    if (!buckets.has(bucket)) throw new S3Error(404, "NoSuchBucket");
    if (conditional && faults.conditions !== "ignored" && objects.has(key))
      throw new S3Error(412, "PreconditionFailed");
    if (faults.corrupt) object.bytes[0]! ^= 1;
    if (faults.corrupt || faults.forgetful) delete object.sha256;
    objects.set(key, object);
    response.writeHead(200, { etag: etag(object.bytes) }).end();
    return;
  }
  const object = objects.get(key);
  if (object === undefined) throw new S3Error(404, "NoSuchKey");
  response.setHeader("content-length", object.bytes.length).setHeader("etag", etag(object.bytes));
  if (request.headers["x-amz-checksum-mode"] === "ENABLED" && object.sha256 !== undefined) {
    response.setHeader("x-amz-checksum-sha256", object.sha256);
  }
  if (request.method === "HEAD") response.end();
  else if (faults.cutReads) response.write(object.bytes.subarray(0, -1), () => response.destroy());
  else response.end(object.bytes);
}

/** Puts the parts together that the list names, where each is as it says. */
function complete(
  buckets: S3Server["buckets"],
  faults: S3Faults,
  uploads: S3Server["uploads"],
  id: string,
  list: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { bucket, key, lock, parts } = uploads.get(id)!;
  const objects = buckets.get(bucket)!;
  if (request.headers["if-none-match"] === "*") {
    if (faults.conditions === "unimplemented") throw new S3Error(501, "NotImplemented");
    if (faults.conditions !== "ignored" && objects.has(key)) throw new S3Error(412, "PreconditionFailed");
  }
  const named = [...list.matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => {
    const number = Number(/<PartNumber>(\d+)</.exec(part)?.[1]);
    const sum = /<ChecksumSHA256>([^<]+)</.exec(part)?.[1];
    const stored = parts.get(number);
    if (!stored || stored.sha256 !== sum) throw new S3Error(400, "InvalidPart");
    return stored;
  });
  const digests = named.map(({ sha256 }) => Buffer.from(sha256!, "base64"));
  const sha256 = `${createHash("sha256").update(Buffer.concat(digests)).digest("base64")}-${named.length}`;
  const bytes = Buffer.concat(named.map((part) => part.bytes));
  if (faults.corrupt) bytes[0]! ^= 1;
  const kept = faults.corrupt || faults.forgetful ? {} : { sha256 };
  objects.set(key, { bytes, ...kept, ...given({ lock }) });
  uploads.delete(id);
  response.end("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
}

/** Takes the framing off, and checks every checksum that came along. */
function receive(request: IncomingMessage, body: Buffer): S3Object {
  const sums: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) sums[name] = String(value);
  let bytes = body;
  if (String(request.headers["content-encoding"] ?? "").includes("aws-chunked")) {
    const chunks: Buffer[] = [];
    let at = 0;
    for (;;) {
      const eol = body.indexOf("\r\n", at);
      const size = Number.parseInt(body.toString("latin1", at, eol), 16);
      if (eol < 0 || Number.isNaN(size)) throw new S3Error(400, "IncompleteBody");
      at = eol + 2;
      if (size === 0) break;
      chunks.push(body.subarray(at, at + size));
      at += size + 2;
    }
    for (const trailer of body.toString("latin1", at).split("\r\n")) {
      const colon = trailer.indexOf(":");
      if (colon > 0) sums[trailer.slice(0, colon).toLowerCase()] = trailer.slice(colon + 1).trim();
    }
    bytes = Buffer.concat(chunks);
    if (bytes.length !== Number(sums["x-amz-decoded-content-length"])) throw new S3Error(400, "IncompleteBody");
  }
  const sha256 = createHash("sha256").update(bytes).digest("base64");
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(bytes));
  const plain = sums["x-amz-content-sha256"] ?? "";
  const wrong =
    (sums["x-amz-checksum-sha256"] ?? sha256) !== sha256 ||
    (sums["x-amz-checksum-crc32"] ?? crc.toString("base64")) !== crc.toString("base64") ||
    (/^[0-9a-f]{64}$/.test(plain) && plain !== createHash("sha256").update(body).digest("hex"));
  if (wrong) throw new S3Error(400, "BadDigest");
  return { bytes: Buffer.from(bytes), sha256 };
}

/** ListObjectsV2, three keys a page so that paging is tested. */
function list(objects: Map<string, S3Object>, url: URL, response: ServerResponse): void {
  const prefix = url.searchParams.get("prefix") ?? "";
  const after = url.searchParams.get("continuation-token") ?? "";
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const page = keys.slice(0, 3);
  const more = keys.length > page.length;
  const contents = page.map((key) => `<Contents><Key>${escapeXml(key)}</Key></Contents>`).join("");
  const next = more ? `<NextContinuationToken>${escapeXml(page.at(-1)!)}</NextContinuationToken>` : "";
  response.setHeader("content-type", "application/xml");
  response.end(`<ListBucketResult><IsTruncated>${more}</IsTruncated>${contents}${next}</ListBucketResult>`);
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function etag(bytes: Buffer): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
