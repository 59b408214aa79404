import { widthOf } from "../dist/cli/width.js";

/** A stream that keeps what is written to it. */
export class Sink {
  readonly isTTY: boolean;
  columns = 80;
  rows = 24;
  readonly writes: string[] = [];

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  get text(): string {
    return this.writes.join("");
  }

  write(text: string): void {
    this.writes.push(text);
  }
}

/** What a terminal shows of what was written to it: as much of ANSI as our screens use; anything else is an error. */
export function screenOf(writes: readonly string[]): string[] {
  const lines: string[] = [""];
  let row = 0;
  let column = 0;
  const put = (text: string): void => {
    while (lines.length <= row) lines.push("");
    const line = lines[row]!;
    lines[row] = line.slice(0, column).padEnd(column) + text + line.slice(column + text.length);
    column += text.length;
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is a terminal
  for (const [token] of writes.join("").matchAll(/\u001b\[\??\d*[A-Za-z]|[\r\n]|[^\u001b\r\n]+/g)) {
    if (token === "\r") column = 0;
    else if (token === "\n") {
      row++;
      column = 0;
      put("");
    } else if (token === "\u001b[K") lines[row] = (lines[row] ?? "").slice(0, column);
    else if (token === "\u001b[J") {
      lines[row] = (lines[row] ?? "").slice(0, column);
      lines.length = row + 1;
    } else if (token === "\u001b[H") [row, column] = [0, 0];
    else if (!token.startsWith("\u001b")) put(token);
    else if (token.endsWith("A")) row -= Number.parseInt(token.slice(2), 10);
    else if (!/\?(1049|25)[hl]$/.test(token)) throw new Error(`unknown: ${JSON.stringify(token)}`);
  }
  return lines;
}

/** The widest of some lines, in columns. */
export const widest = (lines: readonly string[]): number => Math.max(...lines.map(widthOf));
