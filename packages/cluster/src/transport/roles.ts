import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { TokenNeededError } from "../errors.js";

/** What a peer may do: everything, compute, or look. */
export type Role = "operator" | "worker" | "auditor";

/** The token of each role. */
export interface RoleTokens {
  readonly operator?: string | undefined;
  readonly worker?: string | undefined;
  readonly auditor?: string | undefined;
}

/** Where nobody needs a token everybody is an operator and a worker: only who is on this machine can ask. */
const EVERYBODY: ReadonlySet<Role> = new Set<Role>(["operator", "worker"]);

/** The tokens a process knows. Comparing takes the same time whatever was shown. */
export class Keyring {
  readonly #key = randomBytes(32);
  readonly #tokens: readonly { readonly role: Role; readonly token: string }[];
  readonly #known: readonly { readonly role: Role; readonly hash: Buffer }[];

  constructor(tokens: RoleTokens) {
    this.#tokens = (["operator", "worker", "auditor"] as const).flatMap((role) => {
      const token = tokens[role];
      return token ? [{ role, token }] : [];
    });
    this.#known = this.#tokens.map(({ role, token }) => ({ role, hash: this.#hash(token) }));
  }

  /** Whether nobody needs a token. */
  get open(): boolean {
    return this.#known.length === 0;
  }

  /** The roles of whoever shows this `Authorization` header; none where it holds no token that is known. */
  roles(authorization: string | undefined): ReadonlySet<Role> {
    if (this.open) return EVERYBODY;
    const shown = this.#hash(/^Bearer (.*)$/is.exec(authorization ?? "")?.[1] ?? "");
    const roles = new Set<Role>();
    for (const { role, hash } of this.#known) if (timingSafeEqual(shown, hash)) roles.add(role);
    return roles;
  }

  /** The roles of whoever proves, for a nonce it was given, that it has a token; see `proofOf`. */
  proved(nonce: string, proof: string): ReadonlySet<Role> {
    if (this.open) return EVERYBODY;
    const shown = Buffer.from(proof, "hex");
    const roles = new Set<Role>();
    for (const { role, token } of this.#tokens) {
      const right = Buffer.from(proofOf(nonce, token), "hex");
      if (shown.length === right.length && timingSafeEqual(shown, right)) roles.add(role);
    }
    return roles;
  }

  #hash(token: string): Buffer {
    return createHmac("sha256", this.#key).update(token).digest();
  }
}

/** What shows that one has a token where others read along: good for one nonce. */
export function proofOf(nonce: string, token: string): string {
  return createHmac("sha256", token).update(`graphvm door ${nonce}`).digest("hex");
}

/**
 * The tokens of a master. A single `token` is the operator's, and the workers' where they have none of their own.
 *
 * @throws TokenNeededError where a token is empty, a role has a token and the operator has none, or two roles that must differ have the same.
 */
export function masterTokens(token: string | undefined, tokens: RoleTokens = {}): RoleTokens {
  if ([token, ...Object.values<string | undefined>({ ...tokens })].includes("")) {
    throw new TokenNeededError("A token is empty: leave it out, or give it a text nobody can guess.", {});
  }
  const operator = tokens.operator ?? token;
  const { auditor, worker = operator } = tokens;
  if (!operator && (worker || auditor)) {
    throw new TokenNeededError("Where workers or auditors have a token the operator needs one too: set its token.", {});
  }
  if (auditor && (auditor === operator || auditor === worker)) {
    throw new TokenNeededError("The auditor's token must be another one than the operator's and the workers'.", {});
  }
  return { operator, worker, auditor };
}
