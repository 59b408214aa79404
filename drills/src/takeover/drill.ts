import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NO_PREV, scanJournal } from "@graphvm/cluster/internal";
import type { Nats } from "@graphvm/testing";
import { connect, type LeadOptions, type Session, startMaster } from "graphvm";
import { DrillStandby, FabricWorker } from "../chaos/fabric-processes.js";

const SESSION = { seed: 7, epoch: 1_700_000_000_000 };
const CLUSTER = "takeover";
const WORKERS = 2;
const CUT = ["work.block"];
const PROGRAM = fileURLToPath(new URL("./work.js", import.meta.url));
type Program = typeof import("./work.js");

/** How long it took from the kill, in seconds. */
export interface Takeover {
  /** Until the client's first call was answered. */
  readonly answered: number;
  /** Until it had the value of a job that was done before. */
  readonly value: number;
}

/** Kills leader after leader under a client that stays connected. */
export class TakeoverDrill {
  readonly wrong: string[] = [];
  readonly #nats: Nats;
  readonly #folder: string;
  readonly #workers: FabricWorker[] = [];
  #leader!: DrillStandby;
  #standby!: DrillStandby;
  #masters = 0;

  /** @param folder Where masters keep their journals. */
  constructor(nats: Nats, folder: string) {
    this.#nats = nats;
    this.#folder = folder;
  }

  /** @param told Called after each kill. */
  async run(kills: number, told: (takeover: Takeover) => void): Promise<void> {
    this.#leader = await this.#start();
    await this.#leader.leading;
    this.#standby = await this.#start();
    try {
      for (let i = 0; i < WORKERS; i++)
        this.#workers.push(await FabricWorker.start(`worker ${i + 1}`, { fabric: this.#options.fabric }));
      await using session = await connect({ fabric: this.#options.fabric });
      const { work } = await session.load<Program>(PROGRAM);
      for (let kill = 1; kill <= kills; kill++) {
        await session.calc(work.block(kill), { cut: CUT });
        const before = await digestsOf(session);
        told(await this.#kill(session, () => session.getData(work.block(kill))));
        const after = await digestsOf(session);
        for (const lost of before.filter((each) => !after.includes(each)))
          this.wrong.push(`kill ${kill}: lost ${lost}`);
      }
      await this.#compare(await digestsOf(session), kills);
      await this.#verify();
    } finally {
      for (const each of [...this.#workers.map((worker) => worker.end()), this.#leader.child.kill()]) await each;
      await this.#standby.child.kill();
    }
  }

  async #kill(session: Session, fetch: () => Promise<unknown>): Promise<Takeover> {
    const at = performance.now();
    const seconds = (): number => (performance.now() - at) / 1000;
    await this.#leader.child.kill();
    await session.status();
    const answered = seconds();
    await fetch();
    const value = seconds();
    this.#leader = this.#standby;
    this.#standby = await this.#start();
    return { answered, value };
  }

  /** All that was done once, by workers that lived, and with the bytes that threads give. */
  async #compare(digests: readonly string[], kills: number): Promise<void> {
    const ran = this.#workers.flatMap((worker) => worker.ran);
    if (ran.length !== kills) this.wrong.push(`${kills} jobs were run ${ran.length} times`);
    await using master = await startMaster({ port: 0, workers: 1, ...SESSION });
    await using session = await connect(master.url);
    const { work } = await session.load<Program>(PROGRAM);
    for (let kill = 1; kill <= kills; kill++) await session.calc(work.block(kill), { cut: CUT });
    const same = await digestsOf(session);
    if (same.join() !== digests.join()) this.wrong.push("digests differ from those that threads give");
  }

  /** The last leader copied the whole stream when it began to wait: its journal is one chain, and the stream has no gap. */
  async #verify(): Promise<void> {
    const journal = join(this.#folder, `master-${this.#masters - 1}`, "journal.ndjson");
    const copy = join(this.#folder, "copy.ndjson");
    cpSync(journal, copy);
    const { torn } = await scanJournal(copy, NO_PREV); // throws where a line is missing or was changed
    if (torn > 0) this.wrong.push("the journal ends in half a line");
    for (let earlier = 1; earlier < this.#masters - 1; earlier++) {
      const lines = readFileSync(join(this.#folder, `master-${earlier}`, "journal.ndjson"), "utf8");
      const whole = lines.slice(0, lines.lastIndexOf("\n") + 1);
      if (!readFileSync(copy, "utf8").startsWith(whole)) this.wrong.push(`master ${earlier} had another journal`);
    }
    const leader = await this.#nats.leader(`graphvm_${CLUSTER}_journal`);
    const { account_details: accounts = [] } = await leader!.monitor.jsz();
    const stream = accounts
      .flatMap(({ stream_detail: details = [] }) => details)
      .find(({ name }) => name === `graphvm_${CLUSTER}_journal`);
    const { messages, first_seq: first, last_seq: last } = stream!.state;
    if (first !== 1 || last !== messages)
      this.wrong.push(`the stream has ${messages} messages from ${first} to ${last}`);
  }

  get #options(): LeadOptions {
    const room = { journal: 50_000_000, blobs: 50_000_000 };
    return { fabric: { servers: this.#nats.url, cluster: CLUSTER, room }, workers: 0, ...SESSION };
  }

  #start(): Promise<DrillStandby> {
    const journal = join(this.#folder, `master-${++this.#masters}`);
    return DrillStandby.start({ ...this.#options, journal }, () => {});
  }
}

async function digestsOf(session: Session): Promise<string[]> {
  return (await session.wait()).map(({ id, digest }) => `${id} ${digest}`).sort();
}
