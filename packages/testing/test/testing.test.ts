import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Message, Transport } from "@graphvm/cluster/internal";
import type { Ref } from "@graphvm/engine";
import {
  brokenTransport,
  countedTransport,
  disposableCluster,
  expectNoLeaks,
  fencedTransport,
  gatedTransport,
  openResources,
  reorderingTransport,
} from "@graphvm/testing";
import { expect, onTestFinished, test } from "vitest";

/** A link that keeps what is sent through it. */
function bare() {
  const sent: Message[] = [];
  let closed = 0;
  const link: Transport = {
    send: (message) => sent.push(message),
    onMessage: () => {},
    onClose: () => {},
    drained: () => Promise.resolve(),
    close: () => closed++,
  };
  return { link, sent, closed: () => closed };
}

test("a timer, a server or a process that stays is a leak, and is named", async () => {
  const before = openResources();
  const timer = setTimeout(() => {}, 60_000);
  await expect(expectNoLeaks(before, 50)).rejects.toThrow(/1 Timeout/);
  clearTimeout(timer);
  const server = createServer().listen(0);
  await expect(expectNoLeaks(before, 50)).rejects.toThrow(/TCPServerWrap/i);
  server.close();
  await expectNoLeaks(before);
});

test("a cluster that leaves something open fails when it is disposed of", async () => {
  const cluster = await disposableCluster({ threads: 1 });
  const timer = setInterval(() => {}, 60_000);
  await expect(cluster.close()).rejects.toThrow(/left open.*Timeout/);
  clearInterval(timer);
});

test("a cluster whose jobs still run fails when it is disposed of, unless that is meant", async () => {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "endless.ts");
  writeFileSync(
    path,
    `import { apply, namespace, rule } from "@graphvm/rules";
     export const ns = namespace("ns", { stuck: rule(() => apply(() => { while (true); })()) });`,
  );
  for (const leaveJobs of [false, true]) {
    const cluster = await disposableCluster({ threads: 1, leaveJobs });
    const { ns } = await cluster.session.load<{ ns: { stuck(): Ref } }>(path);
    await cluster.session.dispatchJobs(await cluster.session.jobDeps([ns.stuck()]));
    const closing = cluster.close();
    if (leaveJobs) await closing;
    else await expect(closing).rejects.toThrow("1 jobs were not over");
  }
});

test("workers of all kinds are killed by name; a process can stand still and go on", async () => {
  await using cluster = await disposableCluster({ threads: 1, sockets: 1, processes: 2 });
  const workers = async (): Promise<number> => (await cluster.session.status()).workers.length;
  expect(await workers()).toBe(4);
  const [first, second] = cluster.processes;
  first!.hang();
  first!.resume();
  await cluster.kill(cluster.sockets[0]!.id);
  await cluster.kill(second!.id);
  await expect.poll(workers).toBe(2);
  await expect(cluster.kill("w99")).rejects.toThrow("no worker w99");
});

test("a broken link drops, closes, doubles and changes as it is told", () => {
  const { link, sent, closed } = bare();
  const broken = brokenTransport(link, {
    dropAfter: 2,
    closeAfter: 3,
    copies: 2,
    change: (message) => ({ ...message, x: 1 }),
  });
  for (const n of [1, 2, 3]) broken.send({ n });
  expect(sent).toEqual([
    { n: 1, x: 1 },
    { n: 1, x: 1 },
    { n: 2, x: 1 },
    { n: 2, x: 1 },
  ]);
  expect(closed()).toBe(1);
});

test("a gated link lets through what it is told to, in order", () => {
  const { link, sent } = bare();
  const gated = gatedTransport(link);
  for (const n of [1, 2, 3]) gated.send({ n });
  expect(gated.waiting).toBe(3);
  gated.release(1);
  expect(sent).toEqual([{ n: 1 }]);
  gated.release();
  gated.send({ n: 4 });
  expect(sent.map((message) => message.n)).toEqual([1, 2, 3, 4]);
});

test("a reordering link changes the order and loses nothing; attachments stay with their messages", () => {
  const { link, sent } = bare();
  const bytes: (number | undefined)[] = [];
  const reordering = reorderingTransport(
    {
      ...link,
      send: (message, attachment) => {
        sent.push(message);
        bytes.push(attachment?.[0]);
      },
    },
    { hold: 2, pick: () => 1 },
  );
  for (const n of [1, 2, 3, 4]) reordering.send({ n }, Uint8Array.of(n));
  reordering.flush();
  expect(sent.map((message) => message.n)).toEqual([2, 3, 4, 1]);
  expect(bytes).toEqual([2, 3, 4, 1]);
});

test("a fence keeps what is sent in both directions; it comes late, or never", () => {
  const { link, sent } = bare();
  let receive: (message: Message) => void = () => {};
  const fenced = fencedTransport({
    ...link,
    onMessage: (listener) => {
      receive = listener;
    },
  });
  const received: unknown[] = [];
  fenced.onMessage((message) => received.push(message.n));
  fenced.raise();
  fenced.send({ n: 1 });
  receive({ n: 2 });
  expect([fenced.fenced, sent, received]).toEqual([true, [], []]);
  fenced.lower();
  expect([sent, received]).toEqual([[{ n: 1 }], [2]]);
  fenced.raise();
  fenced.send({ n: 3 });
  fenced.lower(true);
  fenced.send({ n: 4 });
  expect(sent.map((message) => message.n)).toEqual([1, 4]);
});

test("a counted link keeps what passed", () => {
  const { link } = bare();
  const counted = countedTransport(link);
  counted.send({ n: 1 });
  expect(counted.sent).toEqual([{ n: 1 }]);
  expect(counted.received).toEqual([]);
});
