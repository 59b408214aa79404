import {
  BucketMissingError,
  KeyMissingError,
  RecordingError,
  StoreFailedError,
  StorePermissionError,
  StoreUnreachableError,
} from "./errors.js";

/** What of an AWS SDK error we look at. */
interface S3Failure {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly errors?: readonly unknown[];
}

const NETWORK =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ECONNABORTED|ERR_STREAM_PREMATURE_CLOSE)$/;
const REFUSED =
  /^(AccessDenied|Forbidden|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|AccountProblem|AllAccessDisabled|CredentialsProviderError|TokenRefreshRequired|RequestTimeTooSkewed)$/;

/** HTTP status of an SDK error. */
export function statusOf(error: unknown): number | undefined {
  return (error as S3Failure).$metadata?.httpStatusCode;
}

/** Name of an SDK error, such as `NoSuchKey`. */
export function nameOf(error: unknown): string {
  return (error as S3Failure).name ?? "";
}

/** Turns what the SDK threw into one of our errors. */
export function s3Error(error: unknown, place: { bucket: string; uri: string; endpoint: string }): RecordingError {
  if (error instanceof RecordingError) return error;
  const { bucket, uri, endpoint } = place;
  const { name = "", message = "", code = "" } = error as S3Failure;
  const status = statusOf(error);
  const options = { cause: error };
  if (name === "NoSuchBucket") {
    const sentence = `There is no bucket ${bucket} at ${endpoint}; create it, or check its name.`;
    return new BucketMissingError(sentence, { bucket, uri }, options);
  }
  if (name === "NoSuchKey" || name === "NotFound" || status === 404) {
    return new KeyMissingError(`There is no ${uri} at ${endpoint}; check the name.`, { uri }, options);
  }
  if (name === "CredentialsProviderError") {
    const sentence = `No credentials for ${uri}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.`;
    return new StorePermissionError(sentence, { uri }, options);
  }
  if (REFUSED.test(name) || status === 401 || status === 403) {
    const sentence = `${endpoint} gives no permission for ${uri} (${name || status}); check the credentials and the bucket's policy.`;
    return new StorePermissionError(sentence, { uri }, options);
  }
  if (/object ?lock/i.test(message)) {
    const sentence = `The bucket ${bucket} offers no object lock; make one that does, or store without a lock.`;
    return new StoreFailedError(sentence, { bucket, uri }, options);
  }
  if (name === "PermanentRedirect" || status === 301) {
    const sentence = `The bucket ${bucket} lies in another region; set AWS_REGION to it.`;
    return new StoreFailedError(sentence, { uri }, options);
  }
  if (/Region is missing/.test(message)) {
    return new StoreFailedError(`No region for ${uri}; set AWS_REGION.`, { uri }, options);
  }
  if (isNetwork(error) || (status !== undefined && status >= 500 && name !== "NotImplemented")) {
    const sentence = `${endpoint} does not answer for ${uri} (${code || name || status}); check the network and AWS_ENDPOINT_URL.`;
    return new StoreUnreachableError(sentence, { uri, endpoint }, options);
  }
  return new StoreFailedError(`${uri} could not be read or written (${name}: ${message}).`, { uri }, options);
}

function isNetwork(error: unknown): boolean {
  const { name = "", message = "", code = "", errors } = error as S3Failure;
  if (NETWORK.test(code) || name === "TimeoutError" || /socket hang up|aborted/i.test(message)) return true;
  return errors?.some(isNetwork) ?? false;
}
