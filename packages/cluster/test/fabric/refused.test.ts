import { connect, connectWorker, type FabricOptions, standBy, startMaster } from "@graphvm/cluster";
import { natsServerOrSkip, startNats } from "@graphvm/testing";
import { describe, expect, test } from "vitest";
import { failureOf, fixture, until } from "../helpers.js";

type Numbers = typeof import("../fixtures/numbers.js");
type Planes = typeof import("../fixtures/planes.js");

const program = await natsServerOrSkip();

/** What a master, a standby, a worker and a client are told. */
async function refusals(fabric: FabricOptions): Promise<Error[]> {
  return Promise.all([
    failureOf(startMaster({ fabric, workers: 0 })),
    failureOf(standBy({ fabric, workers: 0 })),
    failureOf(connectWorker({ fabric })),
    failureOf(connect({ fabric })),
  ]);
}

test("C114: a server that can't be reached is an error that says what to do", async () => {
  for (const error of await refusals({ servers: "nats://me:planted@127.0.0.1:1" })) {
    expect(error).toMatchObject({
      code: "GVM3202",
      message: expect.stringContaining("No NATS server answers at nats://127.0.0.1:1 (cluster graphvm): start one"),
    });
    expect(error.message).not.toContain("planted");
  }
});

test("C114: beyond loopback a master needs credentials or a token before it dials anybody", async () => {
  const error = await failureOf(startMaster({ fabric: { servers: "nats://192.0.2.1" }, workers: 0 }));
  expect(error.message).toContain("A fabric on 192.0.2.1:4222 needs credentials");
});

describe.skipIf(program === undefined)("C114: NATS that is not what a fabric needs", () => {
  test("C114: NATS without JetStream is an error that says what to do", async () => {
    await using nats = await startNats({ jetstream: false });
    for (const error of await refusals({ servers: nats.url }))
      expect(error).toMatchObject({
        code: "GVM3901",
        message: expect.stringContaining("has no JetStream for this account: start nats-server with jetstream"),
      });
  });

  test("C114: wrong credentials are an error without them", async () => {
    const users = [{ user: "me", password: "right" }];
    await using nats = await startNats({ config: { authorization: { users } } });
    const servers = (login: string) => nats.url.replace("//", `//${login}`);
    for (const login of ["me:planted@", "planted:right@", ""])
      for (const error of await refusals({ servers: servers(login) })) {
        expect(error).toMatchObject({ code: "GVM3203", message: expect.stringContaining("refuses these credentials") });
        expect(error.message).not.toContain("planted");
      }
    await using _master = await startMaster({ fabric: { servers: servers("me:right@") }, workers: 0 });
  });

  test("C114: messages that are too small for a line of the journal are an error that says what to set", async () => {
    await using nats = await startNats({ maxPayload: 32 * 1024 });
    for (const error of await refusals({ servers: nats.url }))
      expect(error).toMatchObject({
        code: "GVM3901",
        message: expect.stringContaining("takes messages of 32768 bytes: set max_payload to 1MB"),
      });
  });

  test("C114: a credentials file that is not there is named", async () => {
    await using nats = await startNats();
    for (const error of await refusals({ servers: nats.url, credsFile: "/nowhere/me.creds" }))
      expect(error.message).toContain("The credentials /nowhere/me.creds can't be read");
  });

  test("C114: an account without room for the journal is an error that says so, soon", async () => {
    await using nats = await startNats({ jetstream: { maxFile: 1_000_000 } });
    const error = await failureOf(startMaster({ fabric: { servers: nats.url }, workers: 0 }));
    expect(error.message).toContain("give the account room in JetStream");
  });

  test("C115: a plane that nobody serves: status says what waits; where nobody is left at all, the wait ends", async () => {
    await using nats = await startNats();
    const fabric = { servers: nats.url, room: { journal: 50_000_000, blobs: 50_000_000 } };
    await using _master = await startMaster({ fabric, workers: 0, noWorkersSeconds: 0.5 });
    const worker = await connectWorker({ fabric, labels: { plane: "eu", tier: "small" } });
    await using session = await connect({ fabric });
    const { planes } = await session.load<Planes>(fixture("planes.ts"));
    const ending = failureOf(session.calc(planes.large(1), { cut: ["planes.large"] }));
    const waits = async () => (await session.status()).waitingFor;
    await until("it says what waits", async () => (await waits()).some(({ what }) => what.includes("tier=large")));
    await worker.close();
    expect(await ending).toMatchObject({ code: "GVM3402" });
    await using _large = await connectWorker({ fabric, labels: { plane: "us", tier: "large" } });
    const { numbers } = await session.load<Numbers>(fixture("numbers.ts"));
    expect(await session.calc(numbers.many(2), { cut: ["numbers.noise"] })).toBeGreaterThan(0);
  });
});
