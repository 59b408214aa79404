import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpHook } from "../transport/listen.js";
import type { Role } from "../transport/roles.js";

/** What a master answers to plain requests on its port. */
export interface HttpSources {
  /** Why it can't take work now; empty where it can. */
  readonly whyNotReady: () => readonly string[];
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly headers?: { readonly [name: string]: string };
}

type Page = (roles: ReadonlySet<Role>) => Answer | Promise<Answer>;

/** Paths at which links are opened: whoever comes without a WebSocket is told so by the listener. */
const LINKS: ReadonlySet<string> = new Set(["/", "/worker", "/data"]);

/**
 * `GET /healthz`: the process answers. `GET /readyz`: it can run jobs, or 503 and why not. Neither needs a token, neither says
 * what runs. `GET /metrics`: for Prometheus; with the operator's or the auditor's token where there are tokens.
 */
export function httpPages({ whyNotReady, metrics }: HttpSources): HttpHook {
  const pages: { readonly [path: string]: Page } = {
    "/healthz": () => ({ status: 200, type: "text/plain; charset=utf-8", text: "ok\n" }),
    "/readyz": () => {
      const why = whyNotReady();
      const ready = why.length === 0;
      return { status: ready ? 200 : 503, type: "application/json", text: `${JSON.stringify({ ready, why })}\n` };
    },
    "/metrics": async (roles) => {
      if (roles.has("operator") || roles.has("auditor")) return { status: 200, ...(await metrics()) };
      if (roles.size > 0) return words(403, "Metrics are for the operator and auditors: show one of their tokens.");
      return words(401, "Metrics need a token: send Authorization: Bearer TOKEN.", { "www-authenticate": "Bearer" });
    },
  };
  return (request, response, roles) => {
    const path = (request.url ?? "").split("?")[0]!;
    if (LINKS.has(path)) return false;
    void answer(pages, path, request, roles).then((found) => write(request, response, found));
    return true;
  };
}

async function answer(
  pages: { readonly [path: string]: Page },
  path: string,
  { method = "GET" }: IncomingMessage,
  roles: ReadonlySet<Role>,
): Promise<Answer> {
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (!page) return words(404, "There is /healthz, /readyz and /metrics.");
  if (method !== "GET" && method !== "HEAD") return words(405, "Only GET and HEAD.", { allow: "GET, HEAD" });
  try {
    return await page(roles);
  } catch {
    return words(500, "This could not be told now.");
  }
}

function write(request: IncomingMessage, response: ServerResponse, { status, type, text, headers }: Answer): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    // what a client sent with a request that has no business with a body is not read
    ...(request.method === "GET" || request.method === "HEAD" ? {} : { connection: "close" }),
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : text);
}

function words(status: number, sentence: string, headers: { readonly [name: string]: string } = {}): Answer {
  return { status, type: "text/plain; charset=utf-8", text: `${sentence}\n`, headers };
}
