import { expect, test } from "vitest";
import { SessionFolder } from "../../dist/folder/session-folder.js";
import { SessionLog } from "../../dist/master/session-log.js";
import { tempFolder } from "../helpers.js";

const job = (id: string) => ({ id, digest: `digest of ${id}` });

async function opened(path: string, resume = false) {
  const session = { seed: 0, epoch: 0, roots: ["/"] };
  const folder = resume ? SessionFolder.resume(path) : SessionFolder.begin(path, session);
  const log = await SessionLog.open(folder, () => 0, []);
  const close = async (): Promise<void> => log.close().finally(() => folder.close());
  return { log, close };
}

test("R11: a recording that begins while a wait line is written tells what earlier lines told, now and after a resume", async () => {
  const path = `${tempFolder()}/session`;
  const { log, close } = await opened(path);
  expect(log.news([job("a")])).toHaveLength(1);
  await log.add("wait", {}, { result: { jobs: [job("a")] } });
  const kept = log.recording;
  const news = log.news([job("a"), job("b")]);
  const adding = log.add("wait", {}, { result: { jobs: news } }, {}, kept);
  log.setRecording(true);
  await Promise.all([adding, log.add("setRecording", { on: true }, { result: null })]);
  expect(log.recorded.map(({ method }) => method)).toEqual(["setRecording"]);
  expect(log.news([job("a"), job("b")])).toHaveLength(2);
  await close();
  const again = await opened(path, true);
  for (const line of again.log.earlier) {
    if (line.method === "setRecording") again.log.setRecording(true);
    await again.log.restore(line);
  }
  expect(again.log.recorded.map(({ method }) => method)).toEqual(["setRecording"]);
  expect(again.log.news([job("a"), job("b")])).toHaveLength(2);
  await again.close();
});

test("C74: a graph that is dispatched again and again is kept once, until it is emptied", async () => {
  const { log, close } = await opened(`${tempFolder()}/session`);
  const dispatch = (n: number) => log.add("dispatchJobs", { refs: [n], cut: [] }, { result: {} });
  for (const n of [1, 2, 1, 1, 2]) await dispatch(n);
  log.setRecording(true);
  expect(log.recorded).toHaveLength(2);
  log.setRecording(false);
  log.clearRecording();
  await log.add("initGraph", {}, { result: null });
  for (const n of [1, 1]) await dispatch(n);
  log.setRecording(true);
  expect(log.recorded.map(({ method }) => method)).toEqual(["initGraph", "dispatchJobs"]);
  await close();
});
