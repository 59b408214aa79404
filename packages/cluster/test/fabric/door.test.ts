import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { natsServerOrSkip, startNats, VirtualClock } from "@graphvm/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type DoorOptions, openDoors } from "../../dist/fabric/door.js";
import { Fabric } from "../../dist/fabric/fabric.js";
import { addressOf } from "../../dist/fabric/names.js";
import { ConnectFailedError, RefusedError } from "../../dist/index.js";
import { proofOf } from "../../dist/transport/roles.js";
import { failureOf, until } from "../helpers.js";

const program = await natsServerOrSkip();

describe.skipIf(program === undefined)("doors on NATS", () => {
  let nats: Awaited<ReturnType<typeof startNats>>;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  async function fabric(): Promise<Fabric> {
    const opened = await Fabric.open({ servers: nats.url, cluster: "doors" });
    onTestFinished(() => opened.close());
    return opened;
  }

  /** A process with doors, one that knocks, and who came in. */
  async function house(options: DoorOptions = {}) {
    const [host, guest] = [await fabric(), await fabric()];
    const came: string[] = [];
    const refused: string[] = [];
    const accept = (path: string) => (_link: unknown, role: string) => void came.push(`${role} ${path}`);
    const open = () =>
      openDoors(
        host,
        { ...options, refused: ({ reason }) => refused.push(reason) },
        {
          "/": { roles: ["operator"], accept: accept("/") },
          "/data": { roles: ["worker"], accept: accept("/data") },
        },
      );
    const ask = (question: object | string) =>
      guest.connection.request(host.names.door(host.endpoint), question as object, 2);
    const dial = (path: string, token?: string) =>
      guest.dial(addressOf(host.endpoint, undefined), path, token === undefined ? {} : { token });
    return { host, guest, came, refused, open, ask, dial };
  }

  const tokens = { operator: "one", worker: "two" };
  const id = () => randomBytes(16).toString("hex");
  const nonceOf = (answer: unknown): string => (answer as { nonce: string }).nonce;

  test("C109: who proves a token of the right role comes in; a wrong token, none, or another role's does not", async () => {
    const { came, refused, open, dial } = await house({ tokens });
    open();
    (await dial("/", "one")).close();
    (await dial("/data", "two")).close();
    expect(came).toEqual(["operator /", "worker /data"]);
    for (const [path, token, said] of [
      ["/", "wrong", "wants another token"],
      ["/", undefined, "wants another token"],
      ["/", "two", "another role's"],
      ["/elsewhere", "one", "does not know this kind of link"],
    ] as const) {
      const error = await failureOf(dial(path, token));
      expect(error).toBeInstanceOf(RefusedError);
      expect(error.message).toContain(said);
      expect(error.message).not.toContain("wrong");
    }
    expect(refused).toEqual(["token", "token", "role", "path"]);
    expect(came).toHaveLength(2);
  });

  test("C109: a proof counts once: whoever saw it pass does not come in with it", async () => {
    const { came, open, ask } = await house({ tokens });
    open();
    const nonce = nonceOf(await ask({ ask: "nonce" }));
    const seen = { path: "/", nonce, proof: proofOf(nonce, "one") };
    expect(await ask({ link: id(), ...seen })).toEqual({ open: true });
    expect(await ask({ link: id(), ...seen })).toEqual({ refused: "token" });
    const own = id(); // one that the door did not give
    expect(await ask({ link: id(), path: "/", nonce: own, proof: proofOf(own, "one") })).toEqual({ refused: "token" });
    expect(came).toEqual(["operator /"]);
  });

  test("C109: who asks again because the answer was lost has one link", async () => {
    const { came, open, ask } = await house({ tokens });
    open();
    const nonce = nonceOf(await ask({ ask: "nonce" }));
    const question = { link: id(), path: "/", nonce, proof: proofOf(nonce, "one") };
    expect(await ask(question)).toEqual({ open: true });
    expect(await ask(question)).toEqual({ open: true });
    expect(await ask({ ...question, path: "/data" })).toEqual({ refused: "busy" });
    expect(came).toEqual(["operator /"]);
  });

  test("C109: after too many wrong tokens none is looked at for a while", async () => {
    const clock = new VirtualClock();
    const { open, dial, refused } = await house({ tokens, clock, limits: { wrongTokensPerMinute: 3 } });
    open();
    for (let i = 0; i < 3; i++) await failureOf(dial("/", "wrong"));
    expect((await failureOf(dial("/", "one"))).message).toContain("too many wrong tokens");
    expect(refused).toEqual(["token", "token", "token", "tokens"]);
    clock.advance(60);
    (await dial("/", "one")).close();
  });

  test("C109: what is no question is refused, and the door stays open", async () => {
    const { open, ask, came } = await house();
    open();
    const link = id();
    for (const bad of [
      "text",
      [],
      {},
      { ask: "all" },
      { link: "x", path: "/" },
      { link, path: "x".repeat(200) },
      { link, path: "/", more: 1 },
      { link, path: "/", nonce: "x".repeat(2000) },
      { link, path: "__proto__" },
    ])
      expect(await ask(bad)).toEqual({ refused: "path" });
    expect(await ask({ link, path: "/" })).toEqual({ open: true });
    expect(came).toEqual(["operator /"]);
  });

  test("C109: a door that nobody is at for a moment is knocked at again; where nobody comes, an error says so", async () => {
    const { open, dial, came, host, guest } = await house();
    const link = dial("/");
    await pause(700); // as if its process looked for another server of NATS
    open();
    (await link).close();
    await until("it came in", () => came.length === 1);
    const error = await failureOf(guest.dial(addressOf("nobody", undefined), "/"));
    expect(error).toBeInstanceOf(ConnectFailedError);
    expect(error.message).toContain("Nobody answers at fabric://_/nobody in the cluster doors");
    expect(host.endpoint).not.toBe(guest.endpoint);
  });
});
