import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { createSecureContext, type SecureContextOptions, type TLSSocket } from "node:tls";
import { given } from "@graphvm/engine/internal";
import { CertificateError } from "../errors.js";

/** Texts of PEM files. */
type Pem = string | Buffer;

/** How a process proves who it is to those who dial it, and they to it. */
export interface ServerTls {
  /** The certificate, with those between it and its authority behind it. */
  readonly cert: Pem;
  readonly key: Pem;
  /** Who must have signed the certificates of those who dial. Without one nobody is asked for a certificate. */
  readonly clientCa?: Pem | undefined;
}

/** How a process that dials proves who it is, and whom it believes. */
export interface ClientTls {
  /** Who must have signed the other side's certificate. Default: the authorities Node knows. */
  readonly ca?: Pem | undefined;
  /** A certificate to show, and its key. */
  readonly cert?: Pem | undefined;
  readonly key?: Pem | undefined;
}

/** Older ones have known weaknesses. */
const OLDEST = "TLSv1.2";

/** What a server listens with. Who shows no good certificate is refused by `provenClient`, which can say so. @throws CertificateError */
export function serverTls({ cert, key, clientCa }: ServerTls) {
  const asked = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false };
  return usable({ cert, key, minVersion: OLDEST, ...asked });
}

/** What a link is dialled with. @throws CertificateError */
export function clientTls({ ca, cert, key }: ClientTls) {
  return usable({
    minVersion: OLDEST,
    ...given({ ca, cert, key }),
  });
}

/** Whether who asks showed the certificate it needs, if any. */
export function provenClient({ socket }: IncomingMessage, tls: ServerTls | undefined): boolean {
  return tls?.clientCa === undefined || (socket as TLSSocket).authorized;
}

function usable<T extends SecureContextOptions>(options: T): T {
  try {
    createSecureContext(options);
    // of an authority that can't be read it would say nothing, and then believe nobody
    for (const ca of [options.ca ?? []].flat()) new X509Certificate(ca);
    return options;
  } catch (cause) {
    throw new CertificateError(
      `The certificate, key or authority can't be used (${(cause as Error).message}): check that they are PEM and belong together.`,
      {},
      { cause },
    );
  }
}

/** What to do about an error of TLS, or undefined where it is none. */
export function tlsFailure(error: NodeJS.ErrnoException, url: string): CertificateError | undefined {
  const why = reasonOf(error, url);
  return why === undefined ? undefined : new CertificateError(why, { url, reason: error.code ?? "" }, { cause: error });
}

function reasonOf(error: NodeJS.ErrnoException, url: string): string | undefined {
  switch (error.code) {
    case "CERT_HAS_EXPIRED":
      return `The certificate of ${url} has expired: its owner must renew it and start again with the new one (--tls-cert).`;
    case "CERT_NOT_YET_VALID":
      return `The certificate of ${url} is not valid yet: check the clocks of both machines.`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `The certificate of ${url} is for other names (${namesIn(error)}): connect by one of these, or make one for this name.`;
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "CERT_SIGNATURE_FAILURE":
      return `The certificate of ${url} is from an authority that is not known here: name it with --tls-ca, or NODE_EXTRA_CA_CERTS.`;
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
      return `The process at ${url} and this one have no TLS in common: use ws:// where it has none, and TLS 1.2 or newer on both.`;
    default:
      return undefined;
  }
}

/** The names that a certificate holds, from the error that says ours is not among them. */
function namesIn(error: NodeJS.ErrnoException & { readonly cert?: { readonly subjectaltname?: string } }): string {
  return error.cert?.subjectaltname ?? "none";
}
