import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { JobCounts } from "../../dist/master/job-runner.js";
import { ProgressNews } from "../../dist/master/progress-news.js";

const progress = (done: number, failed = 0): JobCounts => ({
  total: 10_000,
  done,
  running: 1,
  failed,
  waiting: 0,
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("C31: many jobs tell their progress a hundred times and then ten times a second; the last one always comes", () => {
  const told: number[] = [];
  const news = new ProgressNews(({ done }) => told.push(done));
  for (let done = 1; done < 10_000; done++) {
    news.add(progress(done));
    if (done % 1000 === 0) vi.advanceTimersByTime(100);
  }
  expect(told.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  expect(told.length).toBeGreaterThan(105);
  expect(told.length).toBeLessThan(125);
  news.add(progress(10_000));
  expect(told.at(-1)).toBe(10_000);
  expect(told).toEqual([...told].sort((a, b) => a - b));
  vi.advanceTimersByTime(1000);
  expect(told.at(-1)).toBe(10_000);
});

test("C31: the first failure is told at once, and nothing after the end", () => {
  const told: JobCounts[] = [];
  const news = new ProgressNews((each) => told.push(each));
  for (let done = 1; done < 200; done++) news.add(progress(done));
  expect(told).toHaveLength(100);
  news.add(progress(199, 1));
  expect(told.at(-1)).toEqual(progress(199, 1));
  news.add(progress(200, 1));
  news.close();
  vi.advanceTimersByTime(1000);
  expect(told.at(-1)).toEqual(progress(199, 1));
});
