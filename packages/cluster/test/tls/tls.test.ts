import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { type ClientTls, connect, connectWorker, type ServerTls, startMaster } from "@graphvm/cluster";
import { expect, test } from "vitest";
import { failureOf, fixture } from "../helpers.js";
import { Authority } from "./certificates.js";

type Numbers = typeof import("../fixtures/numbers.js");
const authority = new Authority();
const stranger = new Authority("a stranger's authority");
const good = authority.issue();
const ca = authority.cert;
const token = "a-token";

const master = (tls: ServerTls) => startMaster({ port: 0, workers: 0, token, tls });
const refused = async (tls: ServerTls, client: ClientTls) => {
  await using running = await master(tls);
  return await failureOf(connect(running.url, { token, tls: client }));
};

test("C64: clients, workers and what goes between them over TLS, with certificates on both sides", async () => {
  await using running = await master({ ...good, clientCa: ca });
  expect(running.url).toMatch(/^wss:/);
  const worker = () => connectWorker({ master: running.url, token, tls: { ca, ...authority.issue(), clientCa: ca } });
  await using _a = await worker();
  await using _b = await worker();
  await using session = await connect(running.url, { token, tls: { ca, ...authority.issue({ hosts: [] }) } });
  const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
  const value = await session.calc(numbers.diamond(1), { cut: ["numbers.left", "numbers.right"] });
  expect(value).toBeTypeOf("number");
  expect((await session.status()).workers.map(({ kind }) => kind)).toEqual(["websocket", "websocket"]);
});

test("C64: a certificate alone is no token, and a token alone no certificate", async () => {
  await using running = await master({ ...good, clientCa: ca });
  const tls = { ca, ...authority.issue() };
  expect(await failureOf(connect(running.url, { tls }))).toMatchObject({ code: "GVM3203" });
  expect(await failureOf(connect(running.url, { token, tls: { ca } }))).toMatchObject({
    code: "GVM3203",
    message: expect.stringContaining("--tls-cert"),
  });
});

test.each([
  ["expired", { ...authority.issue({ until: -1 }) }, "CERT_HAS_EXPIRED", "expired"],
  ["not valid yet", { ...authority.issue({ from: 2 }) }, "CERT_NOT_YET_VALID", "clocks"],
  [
    "for another name",
    { ...authority.issue({ hosts: ["elsewhere.test"] }) },
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "DNS:elsewhere.test",
  ],
  ["from an unknown authority", { ...stranger.issue() }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "--tls-ca"],
])("C64: a master's certificate that is %s is one clear error", async (_what, tls, reason, says) => {
  expect(await refused(tls, { ca })).toMatchObject({
    code: "GVM3208",
    fields: { reason },
    message: expect.stringContaining(says),
  });
});

test.each([
  ["missing", {}],
  ["expired", authority.issue({ until: -1 })],
  ["from an unknown authority", stranger.issue()],
])("C64: a client's or worker's certificate that is %s is refused and says what to do", async (_what, pair) => {
  await using running = await master({ ...good, clientCa: ca });
  const tls = { ca, ...pair };
  for (const error of [
    await failureOf(connect(running.url, { token, tls })),
    await failureOf(connectWorker({ master: running.url, token, tls })),
  ])
    expect(error).toMatchObject({ code: "GVM3203", message: expect.stringContaining("--tls-cert") });
});

test("C64: TLS on one side only says which address to use", async () => {
  await using secure = await master(good);
  expect(await failureOf(connect(secure.url.replace("wss:", "ws:"), { token }))).toMatchObject({
    message: expect.stringContaining("wss://"),
  });
  await using plain = await startMaster({ port: 0, workers: 0, token });
  expect(await failureOf(connect(plain.url.replace("ws:", "wss:"), { token }))).toMatchObject({
    code: "GVM3208",
    message: expect.stringContaining("ws://"),
  });
  expect(await failureOf(connect(plain.url, { token, tls: { ca } }))).toMatchObject({
    code: "GVM3202",
    message: expect.stringContaining("wss://"),
  });
});

test("C64: what is no certificate, or not of its key, is said before anything starts", async () => {
  const other = authority.issue();
  for (const tls of [
    { cert: "none", key: good.key },
    { cert: good.cert, key: "none" },
    { cert: good.cert, key: other.key },
    { ...good, clientCa: "none" },
  ])
    expect(await failureOf(master(tls))).toMatchObject({ code: "GVM3208" });
  expect(await failureOf(connect("wss://127.0.0.1:9", { tls: { ca: "none" } }))).toMatchObject({ code: "GVM3208" });
});

test("C64: TLS older than 1.2 is refused", async () => {
  await using running = await master(good);
  const port = Number(new URL(running.url).port);
  const socket = connectTls({
    port,
    host: "127.0.0.1",
    ca,
    minVersion: "TLSv1",
    maxVersion: "TLSv1.1",
    ciphers: "ALL:@SECLEVEL=0",
  });
  const [error] = (await once(socket, "error")) as [Error];
  expect(error.message).toMatch(/protocol version|unsupported protocol/i);
  socket.destroy();
});
