import { type ProgressView, progressLine, progressScreen } from "./progress-text.js";

export type { ProgressView } from "./progress-text.js";

/** Shows how far jobs have come, on a terminal or in plain lines. */
export interface ProgressBar {
  update(progress: ProgressView): void;
  /** Wipes what is drawn; what is written next stands at the start of a line. */
  done(): void;
}

/** Where progress is shown: `process.stderr`, say. */
export interface BarStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write: (text: string) => unknown;
}

/** What measures the time; tests have their own. */
export interface BarClock {
  /** Milliseconds since some moment. */
  now(): number;
  /** Calls `tick` again and again until the returned function is called. Keeps no process alive. */
  every(ms: number, tick: () => void): () => void;
}

export interface BarOptions {
  readonly clock?: BarClock;
  /** Shows nothing at all: `--json`. */
  readonly silent?: boolean;
  readonly env?: { readonly [name: string]: string | undefined };
  /** Streams that may share the terminal: what is written to them stands above the bar. */
  readonly beside?: readonly BarStream[];
}

/** A terminal is drawn anew this often at most, and this often where nothing happens, in milliseconds. */
const DRAW_MS = 50;
const TICK_MS = 1000;
/** Elsewhere a line is written this often: what is over sooner writes none. */
const LINE_MS = 5000;

const systemClock: BarClock = {
  now: () => performance.now(),
  every(ms, tick) {
    const timer = setInterval(tick, ms).unref();
    return () => clearInterval(timer);
  },
};

/**
 * Progress on a terminal: a bar, and below it what each worker does, redrawn in place. Where there is no terminal, a line
 * every five seconds.
 *
 * @example
 * const bar = progressBar(process.stderr);
 * await session.wait({ onProgress: bar.update });
 * bar.done();
 */
export function progressBar(stream: BarStream, options: BarOptions = {}): ProgressBar {
  const { clock = systemClock, silent = false, env = process.env, beside = [] } = options;
  if (silent) return { update: () => {}, done: () => {} };
  return stream.isTTY && env.TERM !== "dumb" ? drawnBar(stream, clock, env, beside) : lineBar(stream, clock);
}

/** Progress that was told, and when. */
class Told {
  readonly #clock: BarClock;
  readonly #start: number;
  #progress: ProgressView | undefined;
  #first: number | undefined;
  #at = 0;

  constructor(clock: BarClock) {
    this.#clock = clock;
    this.#start = clock.now();
  }

  set(progress: ProgressView): void {
    this.#progress = progress;
    this.#first ??= progress.done;
    this.#at = this.#clock.now();
  }

  /** As it stands now: times go on between two news. */
  view(): (ProgressView & { readonly seconds: number; readonly rate: number }) | undefined {
    if (!this.#progress) return undefined;
    const now = this.#clock.now();
    const since = (now - this.#at) / 1000;
    const seconds = (now - this.#start) / 1000;
    const { secondsLeft, active = [] } = this.#progress;
    return {
      ...this.#progress,
      ...(typeof secondsLeft === "number" ? { secondsLeft: Math.max(0, secondsLeft - since) } : {}),
      active: active.map((each) => ({ ...each, seconds: each.seconds + since })),
      seconds,
      rate: seconds < 1 ? 0 : (this.#progress.done - this.#first!) / seconds,
    };
  }
}

function drawnBar(
  stream: BarStream,
  clock: BarClock,
  env: NonNullable<BarOptions["env"]>,
  beside: readonly BarStream[],
): ProgressBar {
  const write = stream.write.bind(stream);
  const told = new Told(clock);
  let drawn = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let stop: (() => void) | undefined;
  const wipe = (): void => {
    if (lines > 0) write(toStart(lines));
    lines = 0;
  };
  const draw = (): void => {
    drawn = clock.now();
    const { columns = 80, rows = 24 } = stream;
    const screen = progressScreen(told.view()!, { columns, rows, ascii: isAscii(env) });
    // one write: no terminal shows half of it
    write(toStart(lines) + screen.map((line) => `${line}\u001b[K`).join("\n"));
    lines = screen.length;
  };
  const begin = (): (() => void) => {
    const stopTicks = clock.every(TICK_MS, draw);
    const giveBack = beside.map((each) => wipeBefore(each, wipe));
    return () => {
      stopTicks();
      for (const back of giveBack) back();
    };
  };
  return {
    update: (progress) => {
      told.set(progress);
      stop ??= begin();
      if (clock.now() - drawn >= DRAW_MS || progress.done >= progress.total) draw();
    },
    done: () => {
      stop?.();
      stop = undefined;
      wipe();
      drawn = Number.NEGATIVE_INFINITY;
    },
  };
}

/** Whatever is written to a stream comes after a wipe; the returned function ends that. */
function wipeBefore(stream: BarStream, wipe: () => void): () => void {
  const { write } = stream;
  const wiping = (...written: Parameters<typeof write>): unknown => {
    wipe();
    return write.apply(stream, written);
  };
  stream.write = wiping;
  return () => {
    // where somebody else has put something over it, it stays
    if (stream.write === wiping) stream.write = write;
  };
}

/** Back to the start of what was drawn, wiping what stands there. */
function toStart(lines: number): string {
  return lines > 1 ? `\r\u001b[${lines - 1}A\u001b[J` : "\r\u001b[K";
}

function lineBar(stream: BarStream, clock: BarClock): ProgressBar {
  const told = new Told(clock);
  let stop: (() => void) | undefined;
  return {
    update: (progress) => {
      told.set(progress);
      stop ??= clock.every(LINE_MS, () => void stream.write(`${progressLine(told.view()!)}\n`));
    },
    done: () => {
      stop?.();
      stop = undefined;
    },
  };
}

/** Whether the locale says that the terminal knows nothing but ASCII. */
function isAscii(env: NonNullable<BarOptions["env"]>): boolean {
  return /^(C|POSIX)$/.test(env.LC_ALL || env.LC_CTYPE || env.LANG || "");
}
