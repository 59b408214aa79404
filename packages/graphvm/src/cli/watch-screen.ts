import type { Context } from "./context.js";
import { fit } from "./width.js";

/** Where something is shown again and again. */
export interface WatchScreen {
  show(json: object, text: string): void;
  /** Gives the terminal back as it was, with what was shown last. Closing twice does nothing. */
  close(): void;
}

/**
 * On a terminal a page of its own, overwritten in place with one write, so that nothing flickers; elsewhere one text after the
 * other, and with `--json` a line each.
 */
export function watchScreen(context: Pick<Context, "json" | "each" | "stdout">): WatchScreen {
  const { stdout } = context;
  if (context.json || !stdout.isTTY) {
    let first = true;
    return {
      show: (json, text) => {
        context.each(json, first ? text : `\n${text}`);
        first = false;
      },
      close: () => {},
    };
  }
  let shown: string | undefined;
  let closed = false;
  return {
    show: (_json, text) => {
      if (closed) return;
      const enter = shown === undefined ? "\u001b[?1049h\u001b[?25l" : "";
      shown = text;
      stdout.write(`${enter}\u001b[H${page(text, stdout.columns ?? 80, stdout.rows ?? 24)}\u001b[J`);
    },
    close: () => {
      if (closed) return;
      closed = true;
      if (shown !== undefined) stdout.write(`\u001b[?25h\u001b[?1049l${shown}\n`);
    },
  };
}

/** As much as the screen holds; each line wipes what stood in its place. */
function page(text: string, columns: number, rows: number): string {
  const lines = text.split("\n");
  const left = lines.length - rows;
  const shown = left > 0 ? [...lines.slice(0, rows - 1), `  and ${left + 1} more lines`] : lines;
  return shown.map((line) => `${fit(line, columns - 1)}\u001b[K`).join("\n");
}
