import type { IncomingMessage } from "node:http";
import type { Keyring, Role } from "./roles.js";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Why a request is refused before anything looks at it, as an HTTP status, or what the one who sent it may do. */
export type Verdict = { readonly refusal: string } | { readonly roles: ReadonlySet<Role> };

/**
 * Judges a request by its head. Browsers are refused: they send an Origin, and a page that made its own name point at this
 * machine (DNS rebinding) sends that name as Host. Where a token is needed no page can know it, so any name will do.
 */
export function judge({ headers }: IncomingMessage, keys: Keyring): Verdict {
  if (headers.origin !== undefined) return { refusal: "403 Forbidden" };
  if (keys.open && !isLoopback((headers.host ?? "").replace(/:\d*$/, ""))) return { refusal: "403 Forbidden" };
  return { roles: keys.roles(headers.authorization) };
}
