import { readFileSync } from "node:fs";
import { apply, file, namespace, type Op, rule } from "graphvm";

const lines = (source: { readonly path: string }): string[] => readFileSync(source.path, "utf8").split("\n");
const source = (plane: string, uri: string) => file(uri, { on: { plane } });

/** Ways to another plane's data, and one value that is bound to its own. */
export const spy = namespace("spy", {
  rows: rule((plane: string, uri: string): Op<string[]> => apply(lines, source(plane, uri))()),
  elsewhere: rule(
    (from: string): Op<number> => apply((rows: string[]) => rows.length)(spy.rows(from, "bmrs/generation.csv")),
    { on: { plane: "wind" } },
  ),
  count: rule(
    (plane: string, uri: string): Op<number> => apply((rows: string[]) => rows.length)(spy.rows(plane, uri)),
    { exports: true },
  ),
});
