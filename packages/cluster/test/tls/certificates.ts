import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

/** A certificate and its key, as PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says; everything has a default. */
export interface Claims {
  readonly name?: string;
  /** Host names and addresses. */
  readonly hosts?: readonly string[];
  /** Days from now. */
  readonly from?: number;
  readonly until?: number;
}

const DAY = 24 * 3600 * 1000;
let serial = 0;

/** A certificate authority for one test: nothing of it is kept. */
export class Authority {
  readonly #pair: Pair;

  constructor(name = "test authority") {
    this.#pair = issue({ name, until: 10 }, undefined);
  }

  get cert(): string {
    return this.#pair.cert;
  }

  issue(claims: Claims = {}): Pair {
    return issue({ hosts: ["127.0.0.1", "localhost"], ...claims }, this.#pair);
  }
}

function issue({ name = "test", hosts = [], from = -2, until = 5 }: Claims, by: Pair | undefined): Pair {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const { pki } = forge;
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = `01${(++serial).toString(16).padStart(4, "0")}`;
  certificate.validity.notBefore = new Date(Date.now() + from * DAY);
  certificate.validity.notAfter = new Date(Date.now() + until * DAY);
  certificate.setSubject([{ name: "commonName", value: name }]);
  certificate.setIssuer(by ? pki.certificateFromPem(by.cert).subject.attributes : certificate.subject.attributes);
  certificate.setExtensions([
    { name: "basicConstraints", cA: by === undefined, critical: true },
    {
      name: "subjectAltName",
      altNames: hosts.map((host) => (/^[\d.]+$/.test(host) ? { type: 7, ip: host } : { type: 2, value: host })),
    },
  ]);
  certificate.sign(pki.privateKeyFromPem(by?.key ?? privateKey), forge.md.sha256.create());
  return { cert: pki.certificateToPem(certificate), key: privateKey };
}
