import type { IncomingMessage } from "node:http";
import type { Keyring, Role } from "./roles.js";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Why somebody is refused, and the HTTP status that goes with it. */
export const REFUSALS = {
  /** A page in a browser asks. */
  browser: 403,
  /** A name that is not this machine's, where only that keeps browsers out. */
  host: 403,
  /** No token, or one that is not known. */
  token: 401,
  /** No certificate, or none of an authority that is known. */
  certificate: 403,
  /** A token of a role that has no business here. */
  role: 403,
  path: 404,
  /** Too many wrong tokens came from there. */
  tokens: 429,
  /** Too many connections. */
  busy: 503,
} as const;
export type Refusal = keyof typeof REFUSALS;

/** The header that names the refusal, so that who dialled can say what to do. */
export const REFUSAL_HEADER = "x-graphvm-refused";

/**
 * Judges a request by its head: why it is refused, or the roles of who asks. Browsers are refused: they send an Origin, and
 * a page that made its own name point at this machine (DNS rebinding) sends that name as Host. Where a token is needed no
 * page can know it, so any name will do.
 */
export function judge({ headers }: IncomingMessage, keys: Keyring): Refusal | ReadonlySet<Role> {
  if (headers.origin !== undefined) return "browser";
  if (keys.open && !isLoopback((headers.host ?? "").replace(/:\d*$/, ""))) return "host";
  return keys.roles(headers.authorization);
}
