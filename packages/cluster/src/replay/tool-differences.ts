import type { Tools } from "@graphvm/engine";

/** A job as far as its tools go. */
interface Tooled {
  readonly tools?: Tools;
}

/** How what a job ran with besides JavaScript is another here than recorded: one sentence a tool. */
export function toolDifferences(recorded: Tooled, here: Tooled | undefined): string[] {
  // a job that gave nothing here told nothing either, and so did one that was computed along with another
  if (recorded.tools === undefined || here?.tools === undefined) return [];
  const { tools } = here;
  return Object.entries(recorded.tools)
    .filter(([name, version]) => tools[name] !== version)
    .map(([name, version]) => {
      const now = tools[name] === undefined ? "without it" : `with ${tools[name]}`;
      return `recorded with ${name} ${version}, replayed ${now}`;
    });
}
