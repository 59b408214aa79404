import { bytesText, plain, secondsText } from "./cli/text.js";
import { fit, padded, widthOf } from "./cli/width.js";

/** How far some jobs have come, as far as somebody said. */
export interface ProgressView {
  readonly done: number;
  readonly total: number;
  readonly running?: number;
  readonly failed?: number;
  /** Bytes that one process fetched from another. */
  readonly moved?: number;
  readonly secondsLeft?: number | null;
  readonly active?: readonly { readonly worker: string; readonly label: string; readonly seconds: number }[];
}

/** The same at a moment: how long it has been going, and how many jobs ended a second. */
export type ProgressNow = ProgressView & { readonly seconds: number; readonly rate: number };

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Bars of `#` and `-`. */
  readonly ascii?: boolean;
}

const WIDTH = 20;
/** So many workers are shown at most; a screen narrower or lower than that shows the bar alone. */
const WORKERS = 8;
const LEAST_COLUMNS = 40;
const LEAST_ROWS = 10;

/** What is drawn on a terminal: the bar, and what the workers do. No line is wider than the screen. */
export function progressScreen(progress: ProgressNow, { columns, rows, ascii = false }: Screen): string[] {
  // the last column stays free: some terminals wrap there
  const width = columns - 1;
  const { active = [] } = progress;
  const bar = barLine(progress, width, ascii);
  if (columns < LEAST_COLUMNS || rows < LEAST_ROWS || active.length === 0) return [bar];
  const shown = active.slice(0, Math.min(WORKERS, rows - 4));
  const name = Math.max(...shown.map(({ worker }) => widthOf(plain(worker))));
  const times = shown.map(({ seconds }) => (seconds < 10 ? `${seconds.toFixed(1)} s` : secondsText(seconds)));
  const time = Math.max(...times.map(widthOf));
  const lines = shown.map(({ worker, label }, i) => {
    const start = `  ${padded(plain(worker), name)}  ${times[i]!.padStart(time)}  `;
    return fit(start + oneLine(label), width);
  });
  const more = (progress.running ?? active.length) - shown.length;
  return [bar, ...lines, ...(more > 0 ? [`  and ${more} more`] : [])];
}

/** `██████░░░░ 12/40 jobs, 3 running, 1.2 MB moved, 41/s, 8 s left`; what does not fit is left out, from the end. */
function barLine(progress: ProgressNow, width: number, ascii: boolean): string {
  const { done, total, seconds } = progress;
  const filled = total === 0 ? 0 : Math.round((WIDTH * Math.min(done, total)) / total);
  const bar = (ascii ? "#" : "█").repeat(filled) + (ascii ? "-" : "░").repeat(WIDTH - filled);
  const left = timeLeft(progress);
  const parts = [...pieces(progress), left ?? `${seconds.toFixed(1)} s`];
  // time and jobs matter more than what stands between them
  while (parts.length > 2 && WIDTH + 1 + widthOf(parts.join(", ")) > width) parts.splice(-2, 1);
  return fit(`${bar} ${parts.join(", ")}`, width);
}

/** A line for a log: `12 of 40 jobs done, 3 running, 1.2 MB moved, 8 s left`. */
export function progressLine(progress: ProgressNow): string {
  const { done, total, seconds } = progress;
  const parts = pieces(progress).slice(1);
  const left = timeLeft(progress);
  return [
    `${done} of ${total} jobs done`,
    ...parts,
    `${secondsText(seconds)} so far`,
    ...(left ? [`about ${left}`] : []),
  ].join(", ");
}

function pieces({ done, total, running, failed = 0, moved = 0, rate }: ProgressNow): string[] {
  return [
    `${done}/${total} jobs`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(running === undefined ? [] : [`${running} running`]),
    ...(moved > 0 ? [`${bytesText(moved)} moved`] : []),
    ...(rate >= 0.5 ? [`${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`] : []),
  ];
}

function timeLeft({ secondsLeft, done, total }: ProgressNow): string | undefined {
  if (typeof secondsLeft !== "number" || done >= total) return undefined;
  return `${secondsText(Math.max(1, secondsLeft))} left`;
}

function oneLine(text: string): string {
  return plain(text).replace(/\s+/g, " ");
}
