import { natsServerOrSkip, startNats } from "@graphvm/testing";
import { afterAll, beforeAll, describe } from "vitest";
import { Connection } from "../../dist/fabric/connection.js";
import { natsLink } from "../../dist/fabric/link.js";
import { type Link, transportContract } from "../transport/contract.js";

const program = await natsServerOrSkip();

describe.skipIf(program === undefined)("links on NATS", () => {
  let nats: Awaited<ReturnType<typeof startNats>>;
  let opened = 0;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  async function openNats(): Promise<Link> {
    const [one, other] = await Promise.all([
      Connection.open({ servers: nats.url }),
      Connection.open({ servers: nats.url }),
    ]);
    const [a, d] = [`test.link.${++opened}.a`, `test.link.${opened}.d`];
    return {
      a: natsLink({ connection: one, own: a, other: d }),
      b: natsLink({ connection: other, own: d, other: a }),
      crash: () => void other.close(),
      release: async () => {
        await Promise.all([one.close(), other.close()]);
      },
    };
  }

  transportContract("NATS", openNats);
});
