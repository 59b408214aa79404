import { file, type Ref } from "@graphvm/rules";
import type { Table } from "apache-arrow";
import { type CsvBlockOptions, scanCsv } from "../csv/scan.js";
import { ds } from "./ds.js";

/**
 * Cuts a CSV file into blocks: one ref of `ds.csvBlock` for each, in file order. The file is read once, here; its digest,
 * the block's place and the schema of the whole file become params, so that every worker reads the same bytes with the
 * same types, whatever its block looks like.
 *
 * @param path where this process finds the file
 * @param options the size or number of blocks; `uri`: the name under which the session finds the file, relative to its
 * root, where that is not `path`
 * @throws as `scanCsv`.
 * @example
 * const batches = await csvBlocks("transactions.csv", { blocks: 12 });
 * const trains = batches.slice(0, 8).map((batch) => ml.downsample(batch, "isFraud", 0.05));
 */
export async function csvBlocks(
  path: string,
  options: CsvBlockOptions & { readonly uri?: string },
): Promise<Ref<Table>[]> {
  const { sha256, size, schema, blocks } = await scanCsv(path, options);
  const source = file(options.uri ?? path, { sha256, size });
  return blocks.map((block) => ds.csvBlock(source, block, schema));
}
