import type { IncomingMessage } from "node:http";
import type { Doorkeeper } from "./doorkeeper.js";
import { judge, type Refusal } from "./guard.js";
import type { Keyring, Role } from "./roles.js";
import { provenClient, type ServerTls } from "./tls.js";

const NOBODY: ReadonlySet<Role> = new Set();

/** Decides who gets in, from the head of a request alone. */
export class Door {
  readonly #keys: Keyring;
  readonly #tls: ServerTls | undefined;
  readonly #keeper: Doorkeeper;

  constructor(keys: Keyring, tls: ServerTls | undefined, keeper: Doorkeeper) {
    this.#keys = keys;
    this.#tls = tls;
    this.#keeper = keeper;
  }

  /** The roles of who asks, none without a token or a certificate that is asked for; or why nobody answers. */
  roles(request: IncomingMessage): ReadonlySet<Role> | Refusal {
    const { socket, headers } = request;
    if (this.#keeper.tooMany(socket)) return "busy";
    const shown = !this.#keys.open && headers.authorization !== undefined;
    if (shown && this.#keeper.suspicious(socket.remoteAddress)) return "tokens";
    const roles = judge(request, this.#keys);
    if (typeof roles === "string") return roles;
    if (shown && roles.size === 0) this.#keeper.wrongToken(socket.remoteAddress);
    return provenClient(request, this.#tls) ? roles : NOBODY;
  }

  /** The role in which a request may take one of the routes, or why none. */
  enter<R extends { readonly roles: readonly Role[] }>(
    request: IncomingMessage,
    routes: { readonly [path: string]: R },
  ): { readonly route: R; readonly role: Role } | Refusal {
    const roles = this.roles(request);
    if (typeof roles === "string") return roles;
    if (!provenClient(request, this.#tls)) return "certificate";
    if (roles.size === 0) return "token";
    const path = pathOf(request);
    if (!Object.hasOwn(routes, path)) return "path";
    const route = routes[path]!;
    const role = route.roles.find((each) => roles.has(each));
    return role === undefined ? "role" : { route, role };
  }
}

/** What is asked for, without what follows it. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?")[0]!;
}
