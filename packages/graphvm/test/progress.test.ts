import { expect, test } from "vitest";
import { statusText } from "../dist/cli/status-text.js";
import { secondsText } from "../dist/cli/text.js";
import { watchScreen } from "../dist/cli/watch-screen.js";
import { fit, padded, widthOf } from "../dist/cli/width.js";
import { type BarClock, progressBar } from "../dist/progress.js";
import { progressLine, progressScreen } from "../dist/progress-text.js";
import { Sink, screenOf, widest } from "./terminal.js";

/** A clock that is told what time it is, in milliseconds. */
function clock(): BarClock & { advance(ms: number): void; timers: number } {
  let time = 0;
  const ticks = new Set<{ at: number; ms: number; tick: () => void }>();
  return {
    now: () => time,
    every: (ms, tick) => {
      const timer = { at: time + ms, ms, tick };
      ticks.add(timer);
      return () => ticks.delete(timer);
    },
    get timers() {
      return ticks.size;
    },
    advance(ms) {
      const end = time + ms;
      for (let next = first(); next; next = first()) {
        time = next.at;
        next.at += next.ms;
        next.tick();
      }
      time = end;
      function first() {
        return [...ticks].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      }
    },
  };
}

const env = { TERM: "xterm", LANG: "en_US.UTF-8" };
const active = [
  { worker: "w1", label: 'ml.train({"model":"ExtraTreesClassifier","n_estimators":10}, 3)', seconds: 75 },
  { worker: "w12", label: "ds.block(3)", seconds: 0.42 },
];
const view = { done: 12, total: 40, running: 2, failed: 0, moved: 12_300_000, secondsLeft: 83, active };

test("C82: a terminal shows jobs, bytes, rate, time left and what workers do, in place", () => {
  const stream = new Sink(true);
  const time = clock();
  const bar = progressBar(stream, { clock: time, env });
  bar.update({ ...view, done: 2 });
  time.advance(3950);
  bar.update(view);
  expect(screenOf(stream.writes)).toEqual([
    "██████░░░░░░░░░░░░░░ 12/40 jobs, 2 running, 12.3 MB moved, 1 min 23 s left",
    '  w1   1 min 15 s  ml.train({"model":"ExtraTreesClassifier","n_estimators":10}…',
    "  w12       0.4 s  ds.block(3)",
  ]);
  time.advance(1050);
  expect(screenOf(stream.writes).slice(0, 3)).toEqual([
    "██████░░░░░░░░░░░░░░ 12/40 jobs, 2 running, 12.3 MB moved, 1 min 22 s left",
    expect.stringContaining("  w1   1 min 16 s"),
    expect.stringContaining("  w12       1.5 s"),
  ]);
  time.advance(60);
  bar.update({ ...view, done: 39, running: 1, secondsLeft: 0.2, active: [active[1]!] });
  expect(screenOf(stream.writes)).toEqual([
    "████████████████████ 39/40 jobs, 1 running, 12.3 MB moved, 7.3/s, 1 s left",
    "  w12  0.4 s  ds.block(3)",
  ]);
  bar.done();
  expect(screenOf(stream.writes)).toEqual([""]);
  expect(time.timers).toBe(0);
});

test("C82: no line is wider than the terminal, whatever is in it", () => {
  const wide = [
    {
      worker: "w1",
      label: "表.データ(「日本語のラベル」, 日本語のラベル, 日本語のラベル, 日本語のラベル)",
      seconds: 3,
    },
    {
      worker: "w2",
      label:
        "👩‍👩‍👧.family(👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧)",
      seconds: 3,
    },
    { worker: "w3", label: "evil\u001b[2J\n\tlabel", seconds: 100_000 },
  ];
  const now = { ...view, done: 123_456, total: 1_000_000, failed: 12, active: wide, seconds: 9, rate: 123.4 };
  for (const columns of [200, 80, 60, 41, 40, 20, 5]) {
    const lines = progressScreen(now, { columns, rows: 24 });
    expect(widest(lines)).toBeLessThan(columns);
    expect(lines).toHaveLength(columns < 40 ? 1 : 4);
  }
  expect(progressScreen(now, { columns: 80, rows: 24 })[3]).toContain("evil\ufffd[2J label");
  expect(progressScreen(now, { columns: 80, rows: 6 })).toHaveLength(1);
  const many = Array.from({ length: 16 }, (_, i) => ({ worker: `w${i}`, label: "a.b()", seconds: 1 }));
  const crowd = progressScreen({ ...now, running: 64, active: many }, { columns: 80, rows: 24 });
  expect([crowd.length, crowd.at(-1)]).toEqual([10, "  and 56 more"]);
});

test("C82: a narrow terminal keeps jobs and time", () => {
  const now = { ...view, failed: 3, active: [], seconds: 9, rate: 3 };
  const at = (columns: number) => progressScreen(now, { columns, rows: 24 })[0];
  expect(at(100)).toContain("12/40 jobs, 3 failed, 2 running, 12.3 MB moved, 3.0/s, 1 min 23 s left");
  expect(at(60)).toBe("██████░░░░░░░░░░░░░░ 12/40 jobs, 3 failed, 1 min 23 s left");
  const ascii = progressScreen(now, { columns: 60, rows: 24, ascii: true })[0];
  expect(ascii).toBe("######-------------- 12/40 jobs, 3 failed, 1 min 23 s left");
});

test("C82: a locale without Unicode and a dumb terminal get what they can show", () => {
  const posix = new Sink(true);
  const time = clock();
  const bar = progressBar(posix, { clock: time, env: { ...env, LC_ALL: "C" } });
  bar.update({ done: 1, total: 2 });
  expect(screenOf(posix.writes)[0]).toBe("##########---------- 1/2 jobs, 0.0 s");
  bar.done();
  const dumb = new Sink(true);
  const lines = progressBar(dumb, { clock: time, env: { TERM: "dumb" } });
  lines.update(view);
  time.advance(5000);
  lines.done();
  expect(dumb.text).toBe("12 of 40 jobs done, 2 running, 12.3 MB moved, 5 s so far, about 1 min 18 s left\n");
});

test("C82: elsewhere a line comes every five seconds, and none where it is over sooner; --json shows nothing", () => {
  const stream = new Sink(false);
  const time = clock();
  const bar = progressBar(stream, { clock: time });
  bar.update(view);
  time.advance(4999);
  expect(stream.text).toBe("");
  time.advance(5002);
  expect(stream.text.split("\n")).toHaveLength(3);
  bar.done();
  time.advance(60_000);
  expect(stream.text.split("\n")).toHaveLength(3);
  const silent = new Sink(true);
  const none = progressBar(silent, { clock: time, silent: true });
  none.update(view);
  none.done();
  expect([silent.text, time.timers]).toEqual(["", 0]);
});

test("a terminal is drawn at most every 50 ms, but for the end", () => {
  const stream = new Sink(true);
  const time = clock();
  const bar = progressBar(stream, { clock: time, env });
  for (const done of [0, 1, 2]) {
    bar.update({ done, total: 4, running: 2 });
    time.advance(30);
  }
  expect(stream.writes).toHaveLength(2);
  bar.update({ done: 4, total: 4, running: 0 });
  expect(screenOf(stream.writes)).toEqual([`${"█".repeat(20)} 4/4 jobs, 0 running, 0.1 s`]);
  expect(progressLine({ done: 0, total: 0, seconds: 0, rate: 0 })).toBe("0 of 0 jobs done, 0 s so far");
});

test("times and widths for people", () => {
  expect([0.4, 59.6, 75, 3600, 7500, 36_000 * 24].map(secondsText)).toEqual([
    "0 s",
    "1 min",
    "1 min 15 s",
    "1 h",
    "2 h 5 min",
    "10 days",
  ]);
  expect([widthOf("日本"), fit("日本語", 5), fit("abc", 3), fit("abcd", 3), padded("日", 4)]).toEqual([
    4,
    "日本…",
    "abc",
    "ab…",
    "日  ",
  ]);
});

const found = {
  version: "0.1.0",
  seed: 0,
  epoch: 0,
  strict: false,
  uptime: 190,
  clients: 2,
  programs: [{ name: "fraud", hash: "0123456789abcdef" }],
  workers: [
    {
      id: "w1",
      kind: "thread",
      node: "v20.1.0",
      labels: {},
      state: "idle",
      job: null,
      label: null,
      seconds: null,
      finished: 12,
      held: null,
    },
    {
      id: "w2",
      kind: "websocket",
      node: "v20.1.0",
      labels: { tier: "large", plane: "eu" },
      state: "running",
      job: "ab",
      label: "ml.train(3)",
      seconds: 2.4,
      finished: 1,
      held: 5_000_000,
    },
  ],
  jobs: { total: 40, done: 13, running: 1, waiting: 26, failed: 0 },
  undeclared: [],
  waitingFor: [
    { what: "other jobs", jobs: 20 },
    { what: "a free worker", jobs: 6 },
  ],
  queue: [{ on: {}, jobs: 6 }],
  secondsLeft: 0.3,
  bytes: 0,
  planes: { "": { sent: {}, left: 0 }, eu: { sent: {}, left: 2500 } },
  exports: { eu: { values: 1, bytes: 24 } },
  usage: { held: 12_000_000, spilled: 3000, moved: 4_000_000 },
  recording: { on: true, calls: 7 },
} as Parameters<typeof statusText>[1];

test("status tells what a master does in lines for people", () => {
  expect(statusText("ws://127.0.0.1:7225", found)).toBe(
    [
      "graphvm 0.1.0 master at ws://127.0.0.1:7225, up 3 min 10 s, 2 clients",
      "jobs       13 of 40 done, 1 running, 26 waiting, 0 failed, about 1 s left",
      "waiting    20 for other jobs, 6 for a free worker",
      "values     12.0 MB in memory, 3.0 KB on disk, 4.0 MB moved between processes",
      "recording  on, 7 calls",
      "seed       0",
      "programs   fraud 0123456789ab",
      "plane      eu: 2.5 KB left it; rules let 1 value out, 24 bytes",
      "workers    2",
      "  w1  thread     idle     Node v20.1.0                       12 jobs done",
      "  w2  websocket  running  Node v20.1.0  plane=eu,tier=large  1 job done    5.0 MB  2 s in ml.train(3)",
    ].join("\n"),
  );
});

test("a watched status is overwritten in place, one write each time, and leaves the terminal as it was", () => {
  const stdout = new Sink(true);
  stdout.columns = 40;
  stdout.rows = 4;
  const screen = watchScreen({ json: false, each: () => {}, stdout });
  screen.show({}, "a long line that does not fit on this terminal\nsecond\nthird\nfourth");
  screen.show({}, "short\nnext");
  expect(stdout.writes).toHaveLength(2);
  expect(screenOf(stdout.writes.slice(0, 1))).toEqual([
    "a long line that does not fit on this …",
    "second",
    "third",
    "fourth",
  ]);
  expect(screenOf(stdout.writes)).toEqual(["short", "next"]);
  // no line is wiped before its new text is there
  expect(stdout.writes[1]).not.toContain("\u001b[2J");
  screen.show({}, Array.from({ length: 9 }, (_, i) => `line ${i}`).join("\n"));
  expect(screenOf(stdout.writes)).toEqual(["line 0", "line 1", "line 2", "  and 6 more lines"]);
  screen.close();
  screen.close();
  expect(stdout.writes.at(-1)).toMatch(/^.\[\?25h.\[\?1049lline 0\n[\s\S]*line 8\n$/);
  expect(stdout.writes).toHaveLength(4);
});

test("what is written beside a bar stands above it, and streams are given back", () => {
  const stream = new Sink(true);
  const time = clock();
  const bar = progressBar(stream, { clock: time, env, beside: [stream] });
  const before = stream.write;
  bar.update(view);
  stream.write("[w1] 300 rows\n");
  expect(screenOf(stream.writes)).toEqual(["[w1] 300 rows", ""]);
  time.advance(1000);
  expect(screenOf(stream.writes)).toEqual([
    "[w1] 300 rows",
    expect.stringContaining("12/40 jobs"),
    expect.stringContaining("ml.train"),
    expect.stringContaining("ds.block"),
  ]);
  bar.done();
  expect(screenOf(stream.writes)).toEqual(["[w1] 300 rows", ""]);
  expect(stream.write).toBe(before);
});
