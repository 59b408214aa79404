import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { type HttpHook, type Listening, listen } from "../../dist/transport/listen.js";
import type { Role, RoleTokens } from "../../dist/transport/roles.js";

const tokens = { operator: "operators-token", worker: "workers-token", auditor: "auditors-token" };

async function listening(options: { tokens?: RoleTokens; http?: HttpHook } = {}): Promise<Listening> {
  const server = await listen({ port: 0, ...options }, {});
  onTestFinished(() => server.close());
  return server;
}

async function get(
  { url }: Listening,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  const asked = request(`${url.replace("ws:", "http:")}${path}`, {
    headers: { connection: "close", ...headers },
  }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return { status: response.statusCode!, body: await text(response) };
}

test("C60: a hook answers plain requests, and learns the roles of whoever asks", async () => {
  const seen: Role[][] = [];
  const server = await listening({
    tokens,
    http: (asked, response, roles) => {
      if (asked.url !== "/here") return false;
      seen.push([...roles]);
      response.end("hello");
      return true;
    },
  });
  expect(await get(server, "/here")).toEqual({ status: 200, body: "hello" });
  for (const role of ["operator", "worker", "auditor"] as const)
    await get(server, "/here", { authorization: `Bearer ${tokens[role]}` });
  expect(seen).toEqual([[], ["operator"], ["worker"], ["auditor"]]);
  expect((await get(server, "/elsewhere")).status).toBe(426);
});

test("C60: without a token only names of this machine are answered, so that no page in a browser can ask", async () => {
  const server = await listening({ http: (_asked, response) => !!response.end("hello") });
  const port = new URL(server.url).port;
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, "127.0.0.1"])
    expect((await get(server, "/", { host })).status).toBe(200);
  for (const host of ["attacker.test", `attacker.test:${port}`, "127.0.0.1.attacker.test", "localhost.attacker.test"])
    expect((await get(server, "/", { host })).status).toBe(403);
  expect((await get(server, "/", { origin: "http://localhost" })).status).toBe(403);
});
