import stringWidth from "string-width";

const segments = new Intl.Segmenter();

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** The text in at most so many columns; what is left out shows as `…`. */
export function fit(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (widthOf(text) <= columns) return text;
  let out = "";
  let width = 0;
  for (const { segment } of segments.segment(text)) {
    const more = widthOf(segment);
    if (width + more > columns - 1) break;
    out += segment;
    width += more;
  }
  return `${out}…`;
}

/** The text, and spaces up to so many columns. */
export function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}
