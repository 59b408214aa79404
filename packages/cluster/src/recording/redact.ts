import type { Json, JsonObject } from "./canonical-json.js";
import { isSecretKey, REDACTED, redactProse, redactText } from "./redact-text.js";

export interface RedactOptions {
  /** Secrets to replace wherever they occur, as `secretValues` gives them. */
  readonly values?: readonly string[];
  /** The texts speak of values, as labels and errors do: `redactProse` instead of `redactText`. */
  readonly prose?: boolean;
}

/** A value without its secrets. */
export interface Redacted {
  readonly value: Json;
  /** JSON pointers to what was replaced; a call with any can't be replayed as it was. */
  readonly redacted: readonly string[];
}

/** Header names whose value follows them in a pair, `["authorization", "..."]`. */
const PAIRED = /^(proxy-)?authorization$|^(set-)?cookie$|^x-api-key$|^x-amz-security-token$|^x-auth-token$/i;

/**
 * Replaces the secrets in a JSON value by "[redacted]": in every text what `redactText` finds, and whole values under
 * keys that are named like secrets (numbers too, unless the key speaks of tokens as `max_tokens` does; true, false and
 * null are kept). The value given is not changed. Redacting twice gives the same as once.
 * @example redactSecrets({ url: "s3://me:pw@host/x" }).value // { url: "s3://[redacted]@host/x" }
 */
export function redactSecrets(value: Json, options: RedactOptions = {}): Redacted {
  // Longest first: a secret that is part of another must not leave the rest of it.
  const values = [...new Set(options.values ?? [])].filter((each) => each !== "").sort((a, b) => b.length - a.length);
  const redacted: string[] = [];
  const text = options.prose ? redactProse : redactText;
  return { value: walk(value, "", { values, text }, redacted), redacted };
}

/** The values of chosen environment variables, to be redacted: those that are set and not empty. */
export function secretValues(env: Readonly<Record<string, string | undefined>>, names: Iterable<string>): string[] {
  const values: string[] = [];
  for (const name of names) {
    const value = env[name];
    if (value !== undefined && value !== "") values.push(value);
  }
  return values;
}

/** What is to be replaced, and how it is found in a text. */
interface Secrets {
  readonly values: readonly string[];
  readonly text: (text: string, values: readonly string[]) => string;
}

function walk(value: Json, at: string, secrets: Secrets, redacted: string[]): Json {
  if (typeof value === "string") {
    const text = secrets.text(value, secrets.values);
    if (text !== value) redacted.push(at);
    return text;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    const paired = items.length === 2 && typeof items[0] === "string" && PAIRED.test(items[0]);
    return items.map((item, i) =>
      paired && i === 1 ? hide(item, `${at}/1`, redacted) : walk(item, `${at}/${i}`, secrets, redacted),
    );
  }
  return walkObject(value as JsonObject, at, secrets, redacted);
}

function walkObject(object: JsonObject, at: string, secrets: Secrets, redacted: string[]): Json {
  const out: [string, Json][] = [];
  const used = new Set<string>();
  // { name: "Authorization", value: "..." }: the name stands in a value, and the secret beside it.
  const named = [object.name, object.key, object.header].some((name) => typeof name === "string" && PAIRED.test(name));
  for (const key of Object.keys(object)) {
    const item = object[key]!;
    const path = `${at}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const text = secrets.text(key, secrets.values);
    if (text !== key) redacted.push(`${at}/${text}`);
    let unique = text;
    for (let i = 2; used.has(unique); i++) unique = `${text}#${i}`;
    used.add(unique);
    const secret =
      (isSecretKey(key) && !(typeof item === "number" && /token/i.test(key))) || (named && key === "value");
    const place = text === key ? path : `${at}/${text}`;
    out.push([unique, secret ? hide(item, place, redacted) : walk(item, place, secrets, redacted)]);
  }
  return Object.fromEntries(out);
}

function hide(value: Json, at: string, redacted: string[]): Json {
  if (value === null || typeof value === "boolean" || value === "" || value === REDACTED) return value;
  redacted.push(at);
  return REDACTED;
}
