/** What stands where a secret stood. */
export const REDACTED = "[redacted]";

/** `scheme://user:password@`: what stands before the last `@` of the authority. Bounded: linear in the text. */
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'<>\\]+@/gi;
/** `?token=...`, `&X-Amz-Signature=...`, `;Password=...`: a parameter that is named like a secret. */
const SECRET_PARAMETER =
  /([?&;][\w.-]*(?:token|secret|passw(?:or)?d|pwd|passphrase|signature|credential|authorization|api[_.-]?key|access[_.-]?key|account[_.-]?key|sig)=)[^&;\s"'<>\\]+/gi;
/** Secrets that can be told by their own form. */
const SHAPES: readonly RegExp[] = [
  /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g,
  /\bgh[pousr]_[A-Za-z0-9]{30,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{30,}/g,
  /\bglpat-[A-Za-z0-9_-]{20,}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g,
  /\bnpm_[A-Za-z0-9]{36}\b/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];
/** Hexadecimal digits, or too short for any of the patterns: most texts of a journal need no other look. */
const HARMLESS = /^(?:[0-9a-f]*|[^@=]{0,13})$/;
/** What every pattern below has in it, in one look. */
const SUSPICIOUS = /[=@]|A[KSB]IA|ACCA|gh[pousr]_|_pat_|glpat-|xox|npm_|eyJ|-----BEGIN|B(?:earer|asic)\s/;
const BEARER = /\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}/g;

/**
 * Replaces the secrets in a text: credentials in URLs, query parameters named like secrets, AWS access keys and other
 * tokens that have a form of their own, private keys, Authorization values.
 * @param values Secrets to replace wherever they occur, plain or URL-encoded; those of fewer than 4 characters only
 * where they are the whole text.
 */
export function redactText(text: string, values: readonly string[] = []): string {
  let out = text;
  for (const value of values) {
    if (out === value) return REDACTED;
    if (value.length < 4) continue;
    out = out.replaceAll(value, REDACTED);
    const encoded = urlEncoded(value);
    if (encoded !== value) out = out.replaceAll(encoded, REDACTED);
  }
  if (HARMLESS.test(out) || !SUSPICIOUS.test(out)) return out;
  out = out.replace(URL_CREDENTIALS, `$1${REDACTED}@`).replace(SECRET_PARAMETER, `$1${REDACTED}`);
  for (const shape of SHAPES) out = out.replace(shape, REDACTED);
  return out.replace(BEARER, `$1 ${REDACTED}`);
}

const SECRET_NAME =
  "(?:token|secret(?!ar)|passw(?:or)?d|pwd|passphrase|credential|authorization|bearer|cookie|api[_.-]?key|access[_.-]?key|private[_.-]?key|account[_.-]?key|signing[_.-]?key)";
/** `password: "..."`, `apiKey='...`, `--token=...`: what people and `inspect` write. The end may have been cut off. */
const NAMED_VALUE = new RegExp(
  `(["'\`]?[\\w.-]*${SECRET_NAME}[\\w.-]*["'\`]?\\s*[:=]\\s*)(?!\\[redacted\\])(?:"[^"]*"?|'[^']*'?|\`[^\`]*\`?|[^\\s,;)}\\]"']+)`,
  "gi",
);
/** A URL that was cut before it could be seen whether credentials stand in it. */
const CUT_URL = /([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'<>\\]*…/gi;
/** As short as the beginning of a secret may be to say nothing of it. */
const TELLING = 4;

/**
 * The same for text that speaks of values, such as labels of nodes and messages of errors: values named like secrets go too, and
 * the beginnings of secrets that were cut off. Not for params: there such text may be data.
 */
export function redactProse(text: string, values: readonly string[] = []): string {
  let out = redactText(text, values);
  if (/[:=]/.test(out)) out = out.replace(NAMED_VALUE, `$1${REDACTED}`).replace(CUT_URL, `$1${REDACTED}…`);
  if (!out.includes("…")) return out;
  for (const value of values) {
    for (let length = value.length - 1; length >= TELLING; length--) {
      out = out.replaceAll(`${value.slice(0, length)}…`, `${REDACTED}…`);
    }
  }
  return out;
}

function urlEncoded(value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    return value; // Half a surrogate pair: no URL holds it.
  }
}

const COMPACT =
  /passw(or)?d|passphrase|secret(?!ar)|apikey|accesskey|privatekey|accountkey|signingkey|encryptionkey|credential|authorization|setcookie|sessionid/;
const WORDS: ReadonlySet<string> = new Set([
  "token",
  "tokens",
  "pwd",
  "passwd",
  "pw",
  "bearer",
  "cookie",
  "jwt",
  "auth",
]);

/** What was found of keys: a journal has few, and each again and again. */
const judged = new Map<string, boolean>();
const MOST_JUDGED = 10_000;
const LONGEST_JUDGED = 100;

/** Whether a key is named like one that holds a secret: `apiKey`, `AWS_SECRET_ACCESS_KEY`, `x-auth-token`. */
export function isSecretKey(key: string): boolean {
  if (key.length > LONGEST_JUDGED) return isNamedLikeSecret(key);
  let secret = judged.get(key);
  if (secret === undefined) {
    secret = isNamedLikeSecret(key);
    if (judged.size >= MOST_JUDGED) judged.clear();
    judged.set(key, secret);
  }
  return secret;
}

function isNamedLikeSecret(key: string): boolean {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  if (words.some((word) => WORDS.has(word))) return true;
  const compact = words.join("");
  return COMPACT.test(compact) || compact.endsWith("token");
}
