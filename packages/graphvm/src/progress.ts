/** How far some jobs have come. */
export interface JobProgress {
  readonly done: number;
  readonly total: number;
  readonly running?: number;
}

/** A bar that fills as jobs end. Draws nothing where it is not on a terminal. */
export interface ProgressBar {
  update(progress: JobProgress): void;
  /** Wipes the bar; what is written next stands at the start of the line. */
  done(): void;
}

/** Where a bar is drawn: `process.stderr`, say. */
export interface BarStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const WIDTH = 28;
const EVERY_MS = 50;
const WIPE = "\r\u001b[2K";

/**
 * A progress bar of one line: `███████░░░░ 12/40 jobs, 3 running, 1.4 s`.
 *
 * @example
 * const bar = progressBar(process.stderr);
 * await session.wait({ onProgress: bar.update });
 * bar.done();
 */
export function progressBar(stream: BarStream, now: () => number = () => performance.now()): ProgressBar {
  if (!stream.isTTY) return { update: () => {}, done: () => {} };
  const start = now();
  let drawn = Number.NEGATIVE_INFINITY;
  return {
    update: (progress) => {
      const at = now();
      if (at - drawn < EVERY_MS && progress.done < progress.total) return;
      drawn = at;
      const line = barText(progress, (at - start) / 1000);
      stream.write(WIPE + line.slice(0, Math.max(0, (stream.columns ?? 80) - 1)));
    },
    done: () => {
      if (drawn > Number.NEGATIVE_INFINITY) stream.write(WIPE);
      drawn = Number.NEGATIVE_INFINITY;
    },
  };
}

/** The line a bar draws. */
export function barText({ done, total, running }: JobProgress, seconds: number): string {
  const filled = total === 0 ? 0 : Math.round((WIDTH * Math.min(done, total)) / total);
  const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
  const busy = running === undefined ? "" : `, ${running} running`;
  return `${bar} ${done}/${total} jobs${busy}, ${seconds.toFixed(1)} s`;
}
