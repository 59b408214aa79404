import type { Session } from "@graphvm/cluster";
import { undeclaredLines } from "../recorded/undeclared.js";
import { bytesText, countText, plain, secondsText, tableText } from "./text.js";

type Status = Awaited<ReturnType<Session["look"]>>;

/** What a master does, for people: a line for each subject and one for each worker. */
export function statusText(url: string, found: Status): string {
  const { version, seed, uptime, clients, workers, programs, planes, recording } = found;
  const recorded = recording.on ? `on, ${countText(recording.calls, "call")}` : "off";
  return [
    `graphvm ${version} master at ${url}, up ${secondsText(uptime)}, ${countText(clients, "client")}`,
    `jobs       ${jobsText(found)}`,
    ...waitingText(found),
    ...undeclaredText(found),
    `values     ${valuesText(found)}`,
    `recording  ${recorded}`,
    `seed       ${seed}`,
    `programs   ${programs.map(({ name, hash }) => `${plain(name)} ${hash.slice(0, 12)}`).join(", ") || "none"}`,
    ...Object.entries(planes)
      .filter(([plane]) => plane !== "")
      .map(
        ([plane, { left }]) =>
          `plane      ${plain(plane)}: ${bytesText(left)} left it${exportsText(found.exports[plane])}`,
      ),
    `workers    ${workers.length}`,
    tableText(workers.map(workerRow)),
  ]
    .filter((line) => line !== "")
    .join("\n");
}

function exportsText(exported: Status["exports"][string] | undefined): string {
  return exported === undefined
    ? ""
    : `; rules let ${countText(exported.values, "value")} out, ${bytesText(exported.bytes)}`;
}

function jobsText({ jobs, secondsLeft }: Status): string {
  const { done, total, running, waiting, failed } = jobs;
  const states = `${done} of ${total} done, ${running} running, ${waiting} waiting, ${failed} failed`;
  return secondsLeft === null ? states : `${states}, about ${secondsText(Math.max(1, secondsLeft))} left`;
}

function waitingText({ waitingFor }: Status): string[] {
  if (waitingFor.length === 0) return [];
  return [`waiting    ${waitingFor.map(({ what, jobs }) => `${jobs} for ${plain(what)}`).join(", ")}`];
}

function undeclaredText({ undeclared }: Status): string[] {
  if (undeclared.length === 0) return [];
  return [
    `undeclared ${countText(undeclared.length, "node")} read what is not declared`,
    ...undeclaredLines(undeclared),
  ];
}

function valuesText({ usage: { held, spilled, moved } }: Status): string {
  const disk = spilled === 0 ? "" : `, ${bytesText(spilled)} on disk`;
  return `${bytesText(held)} in memory${disk}, ${bytesText(moved)} moved between processes`;
}

function workerRow({
  id,
  kind,
  state,
  node,
  labels,
  label,
  seconds,
  finished,
  held,
}: Status["workers"][number]): string[] {
  const busy = label === null ? "" : `${secondsText(seconds ?? 0)} in ${plain(label).replace(/\s+/g, " ")}`;
  return [
    id,
    kind,
    state,
    `Node ${plain(node)}`,
    labelsLine(labels),
    `${countText(finished, "job")} done`,
    held === null ? "" : bytesText(held),
    busy,
  ];
}

const labelsLine = (labels: { readonly [name: string]: string }): string =>
  plain(
    Object.keys(labels)
      .sort()
      .map((name) => `${name}=${labels[name]}`)
      .join(","),
  );
