import { file, Ref } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { type Guess, widen } from "../csv/infer.js";
import { type CsvBlockOptions, type ScanOne, scanOne } from "../csv/scan.js";
import type { CsvBlock, CsvSchema } from "../csv/types.js";
import { BadOptionError } from "../errors.js";
import { checkSameColumns, inTurn, type SourceName, shareOf } from "./blocks.js";
import { ds } from "./ds.js";
import { withSources } from "./named-sources.js";

/**
 * Cuts a CSV file into blocks: one ref of `ds.csvBlock` for each, in file order. The file is read once, here; its digest,
 * the block's place and the schema of the whole file become params, so that every worker reads the same bytes with the
 * same types, whatever its block looks like.
 *
 * @param path where this process finds the file; or a pattern (`data/*.csv`, files in the order of their names, types that
 * fit all of them); or an address (`s3://…`, `https://…`), fetched once here, to be cut, and once by the session
 * @param options the size or number of blocks; `onBadRow`: see `badRowsOf`; `uri`: the name under which the session finds the
 * file, relative to its root, where that is not `path`
 * @throws as `scanCsv`; SchemaMismatchError for files of different columns.
 * @example
 * const batches = await csvBlocks("transactions.csv", { blocks: 12 });
 * const trains = batches.slice(0, 8).map((batch) => ml.downsample(batch, "isFraud", 0.05));
 */
export function csvBlocks(path: string, options: CsvBlockOptions & SourceName): Promise<Ref<Table>[]> {
  return withSources(path, options.uri, async (sources) => {
    const each =
      options.blocks === undefined
        ? options
        : { ...options, ...(shareOf(options.blocks, sources.length) as { blocks: number }) };
    const scans = await inTurn(sources, (source) => scanOne(source.path, each));
    const schema = commonSchema(
      sources.map((source) => source.path),
      scans,
    );
    return scans.flatMap(({ scan: { sha256, size, blocks } }, i) => {
      const source = file(sources[i]!.uri, { sha256, size });
      return blocks.map((block) =>
        options.onBadRow === "collect"
          ? ds.csvBlock(source, block, schema, "collect")
          : ds.csvBlock(source, block, schema),
      );
    });
  });
}

/** The first file's columns, of types that fit the values of all files. */
function commonSchema(paths: readonly string[], scans: readonly ScanOne[]): CsvSchema {
  const first = scans[0]!.scan.schema;
  const names = first.map(({ name }) => name);
  const guesses = new Map<string, Guess>(names.map((name) => [name, "empty"]));
  scans.forEach(({ scan, empty }, i) => {
    const own = scan.schema.map(({ name }) => name);
    checkSameColumns(paths[i]!, names, own);
    checkSameColumns(paths[0]!, own, names);
    for (const { name, type } of scan.schema) {
      if (!empty.includes(name)) guesses.set(name, widen(guesses.get(name)!, type));
    }
  });
  return first.map(({ name, type }) => {
    const guess = guesses.get(name)!;
    return { name, type: guess === "empty" ? type : guess };
  });
}

/**
 * The rows that `csvBlocks` with `onBadRow: "collect"` leaves out of its blocks, as one table: `file`, `line`, `column` (null
 * for a row of too few or too many fields) and `text`. Its number of rows is how many there are.
 *
 * @throws BadOptionError for refs that are no blocks of a CSV file.
 * @example
 * const blocks = await csvBlocks("transactions.csv", { blocks: 12, onBadRow: "collect" });
 * const bad = badRowsOf(blocks);
 */
export function badRowsOf(blocks: readonly Ref<Table>[]): Ref<Table> {
  const bad = blocks.map((block) => {
    if (!(block instanceof Ref) || block.ns !== "ds" || block.name !== "csvBlock") {
      throw new BadOptionError("Rows are set aside where CSV files are read: give the refs that csvBlocks made.", {
        option: "blocks",
        value: String(block),
      });
    }
    const [source, part, schema] = block.params as [Parameters<typeof ds.badRows>[0], CsvBlock, CsvSchema];
    return ds.badRows(source, part, schema);
  });
  return ds.concat(bad);
}
