import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeSync } from "node:fs";
import { appendFile, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import {
  ChainBrokenError,
  chainLine,
  formatLine,
  JournalClosedError,
  type JournalLine,
  JournalLineError,
  JournalOpenError,
  JournalWriteError,
  NO_PREV,
  NotJsonError,
  openJournal,
  rechain,
  scanJournal,
  verifyChain,
} from "../../dist/recording/index.js";
import { thrown } from "./samples.js";
import { tempFolder } from "./temp-folder.js";

const call = (n: number) => ({ at: n, method: "call", params: [n, { deep: ["\u2028", -0] }] });
const chain = (n: number) =>
  rechain(
    Array.from({ length: n }, (_, i) => call(i)),
    NO_PREV,
  );

test("J2, J4: an unchanged chain verifies and gives its head", () => {
  const lines = chain(5);
  expect(verifyChain(lines, NO_PREV)).toEqual({ count: 5, head: lines[4]!.hash });
  expect(verifyChain([], NO_PREV)).toEqual({ count: 0, head: NO_PREV });
});

test("J4: a change to any field of a line is found at that line", () => {
  const changes: Partial<JournalLine>[] = [
    { at: 9 },
    { method: "other" },
    { params: [] },
    { result: 1 },
    { error: null },
    { prev: "0".repeat(64) },
    { hash: "1".repeat(64) },
    { seq: 7 },
  ];
  for (const change of changes) {
    const lines = chain(5);
    lines[2] = { ...lines[2]!, ...change };
    const error = thrown(() => verifyChain(lines, NO_PREV));
    expect(error).toBeInstanceOf(ChainBrokenError);
    expect(error.fields.seq).toBe(2);
  }
});

test("J2: a dropped, doubled or swapped line is found, and a chain with another root", () => {
  const [a, b, c] = chain(3) as [JournalLine, JournalLine, JournalLine];
  for (const [lines, seq] of [
    [[a, c], 1],
    [[a, b, b, c], 2],
    [[a, c, b], 1],
    [[b, c], 0],
  ] as const) {
    expect(thrown(() => verifyChain(lines, NO_PREV)).fields.seq).toBe(seq);
  }
  expect(thrown(() => verifyChain([a, b], "1".repeat(64))).fields.seq).toBe(0);
});

test("J1: a line with unknown keys, or both result and error, is refused", () => {
  const [line] = chain(1) as [JournalLine];
  expect(() => verifyChain([{ ...line, extra: 1 } as JournalLine], NO_PREV)).toThrow(JournalLineError);
  expect(() => chainLine(NO_PREV, { seq: 0, at: 0, method: "m", params: [], result: 1, error: 2 })).toThrow(
    JournalLineError,
  );
});

test("J5: what was added is in the file, one canonical line each, and can be continued", async () => {
  const path = join(await tempFolder(), "j.ndjson");
  const journal = await openJournal(path);
  await journal.add(call(0));
  await Promise.all([journal.add(call(1)), journal.add(call(2))]);
  await journal.append(chainLine(journal.head, { seq: journal.nextSeq, ...call(3) }));
  await journal.close();
  await journal.close();
  const seen: number[] = [];
  const again = await openJournal(path, { onLine: (line) => seen.push(line.seq) });
  expect([again.nextSeq, again.cut, again.head, seen]).toEqual([4, 0, journal.head, [0, 1, 2, 3]]);
  await again.add(call(4));
  await again.close();
  expect(await readFile(path, "utf8")).toBe(
    chain(5)
      .map((line) => `${formatLine(line)}\n`)
      .join(""),
  );
});

test("J5: a line that doesn't follow, or is not JSON, is refused and the journal stays usable", async () => {
  const path = join(await tempFolder(), "j.ndjson");
  await using journal = await openJournal(path);
  await expect(journal.append(chain(2)[1]!)).rejects.toBeInstanceOf(ChainBrokenError);
  await expect(journal.add({ at: 0, method: "m", params: [Number.NaN] })).rejects.toBeInstanceOf(NotJsonError);
  await journal.add(call(0));
  expect((await scanJournal(path, NO_PREV)).count).toBe(1);
});

test("J6: a torn last line is cut wherever it was torn, and the journal continues", async () => {
  const path = join(await tempFolder(), "j.ndjson");
  const lines = chain(3).map((line) => `${formatLine(line)}\n`);
  const whole = Buffer.from(lines.join(""));
  const keep = Buffer.byteLength(lines[0]! + lines[1]!);
  for (let size = keep; size < whole.length; size += 7) {
    await writeFile(path, whole.subarray(0, size));
    await using journal = await openJournal(path);
    expect([journal.nextSeq, journal.cut]).toEqual([2, size - keep]);
    await journal.add(call(2));
    expect((await readFile(path)).equals(whole)).toBe(true);
  }
  await writeFile(path, Buffer.concat([whole, Buffer.alloc(4096)]));
  await using journal = await openJournal(path);
  expect([journal.nextSeq, journal.cut]).toEqual([3, 4096]);
});

test("J6: a damaged line before the end is refused by number and the file left alone", async () => {
  const path = join(await tempFolder(), "j.ndjson");
  const text = chain(3).map((line) => `${formatLine(line)}\n`);
  await writeFile(path, [text[0], text[1]!.replace('"call"', '"cell"'), text[2]].join(""));
  await expect(openJournal(path)).rejects.toMatchObject({
    code: "GVM4010",
    exitCode: 2,
    fields: { seq: 1, entry: path },
  });
  await writeFile(path, [text[0], `${text[1]!.slice(0, -2)} }\n`, text[2]].join(""));
  await expect(openJournal(path)).rejects.toMatchObject({ code: "GVM4011", fields: { seq: 1 } });
  await writeFile(path, `garbage\n${text.join("")}`);
  const size = (await stat(path)).size;
  await expect(openJournal(path)).rejects.toBeInstanceOf(JournalLineError);
  expect((await stat(path)).size).toBe(size);
  await expect(openJournal(join(path, "no"))).rejects.toBeInstanceOf(JournalOpenError);
});

test("J6: lines longer than a read chunk are read", async () => {
  const path = join(await tempFolder(), "j.ndjson");
  const journal = await openJournal(path);
  await journal.add({ at: 0, method: "big", params: ["x".repeat(3_000_000)] });
  await journal.add(call(1));
  await journal.close();
  await appendFile(path, "x".repeat(2_000_000));
  await using again = await openJournal(path);
  expect([again.nextSeq, again.cut]).toEqual([2, 2_000_000]);
});

test("J7: a failed write rejects, leaves no part behind, and the journal takes no more", async () => {
  const path = join(await tempFolder(), "j.ndjson");
  let left = 1000;
  const write = (fd: number, bytes: Uint8Array) => {
    if (left === 0) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    const wrote = writeSync(fd, bytes, 0, Math.min(left, 100, bytes.length));
    left -= wrote;
    return wrote;
  };
  const journal = await openJournal(path, { io: { write } });
  const written: JournalLine[] = [];
  let failure: unknown;
  while (failure === undefined)
    await journal.add(call(written.length)).then(
      (line) => written.push(line),
      (e) => {
        failure = e;
      },
    );
  expect(failure).toBeInstanceOf(JournalWriteError);
  left = 1000;
  await expect(journal.add(call(0))).rejects.toBeInstanceOf(JournalClosedError);
  await expect(journal.close()).rejects.toBe(failure);
  expect(written.length).toBeGreaterThan(0);
  await using again = await openJournal(path);
  expect([again.nextSeq, again.cut]).toEqual([written.length, 0]);
});

test("J7: a failed sync stops the journal too", async () => {
  const path = join(await tempFolder(), "j.ndjson");
  const journal = await openJournal(path, { io: { sync: () => Promise.reject(new Error("EIO")) } });
  await journal.add(call(0));
  await expect(journal.flush()).rejects.toBeInstanceOf(JournalWriteError);
  await expect(journal.add(call(1))).rejects.toBeInstanceOf(JournalClosedError);
  await expect(journal.close()).rejects.toBeInstanceOf(JournalWriteError);
});

test("J8: many lines share a sync, one at a time, and closing syncs the rest", async () => {
  const path = join(await tempFolder(), "j.ndjson");
  const timers: (() => void)[] = [];
  const syncs: (() => void)[] = [];
  const io = {
    sync: () => new Promise<void>((done) => void syncs.push(done)),
    after: (ms: number, wake: () => void) => {
      expect(ms).toBe(10);
      timers.push(wake);
      return () => void timers.splice(timers.indexOf(wake) >>> 0, 1);
    },
  };
  const journal = await openJournal(path, { io });
  for (let i = 0; i < 100; i++) await journal.add(call(i));
  expect([timers.length, syncs.length]).toEqual([1, 0]);
  timers.shift()!();
  expect([timers.length, syncs.length]).toEqual([0, 1]);
  await journal.add(call(100));
  expect([timers.length, syncs.length]).toEqual([0, 1]);
  syncs.shift()!();
  await new Promise(setImmediate);
  expect([timers.length, syncs.length]).toEqual([1, 0]);
  const closed = journal.close();
  await new Promise(setImmediate);
  expect([timers.length, syncs.length]).toEqual([0, 1]);
  syncs.shift()!();
  await closed;
});

test("J5: after kill -9 at any moment every acknowledged line is there", async () => {
  const folder = await tempFolder();
  const script = fileURLToPath(new URL("append-forever.mjs", import.meta.url));
  for (let round = 0; round < 8; round++) {
    const path = join(folder, `${round}.ndjson`);
    const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.length > 4000 * (round + 1) + 137 * round) child.kill("SIGKILL");
    });
    await once(child, "close");
    const acknowledged = output.slice(0, output.lastIndexOf("\n")).split("\n");
    const found: string[] = [];
    await using journal = await openJournal(path, { onLine: (line) => found.push(`${line.seq} ${line.hash}`) });
    expect(acknowledged.length).toBeGreaterThan(50);
    expect(found.slice(0, acknowledged.length)).toEqual(acknowledged);
    expect(journal.nextSeq).toBe(found.length);
  }
});

test("J6: half a file still opens", async () => {
  const path = join(await tempFolder(), "j.ndjson");
  await writeFile(
    path,
    chain(50)
      .map((line) => `${formatLine(line)}\n`)
      .join(""),
  );
  await truncate(path, Math.floor((await stat(path)).size / 2));
  await using journal = await openJournal(path);
  expect(journal.nextSeq).toBeGreaterThan(20);
});
