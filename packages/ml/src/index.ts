export { readCsv, readCsvBlock } from "./csv/read.js";
export { type CsvBlockOptions, scanCsv } from "./csv/scan.js";
export type { CsvBlock, CsvColumn, CsvScan, CsvSchema, CsvType } from "./csv/types.js";
export { generatePaysim, PAYSIM_COLUMNS, type PaysimOptions, writePaysimCsv } from "./paysim.js";
