// npm run bench:fraud-table [-- --rows 1000000 --seed 0 --data transactions.csv --workers 4 --json]
import type { Aucs } from "./fraud-table-sklearn.js";
import { type FraudLine, type FraudTable, makeFraudTable, REAL_DATA } from "./fraud-table-work.js";

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

const HEAD = ["pipeline", "learns from", "AUC", "other seeds", "scikit-learn", "twice", "digest"];
const WIDTHS = [15, 12, 7, 23, 23, 7, 13];

/** Mean, and from least to greatest. */
function shown(aucs: Aucs | undefined): string {
  if (aucs === undefined) return "";
  const [mean, least, greatest] = [aucs.mean, aucs.least, aucs.greatest].map((auc) => auc.toFixed(4));
  return `${mean} (${least}-${greatest})`;
}

function cellsOf({ pipeline, sampling, auc, digest, reproduced, others, sklearn }: FraudLine): string[] {
  return [
    pipeline,
    sampling,
    auc.toFixed(4),
    shown(others),
    shown(sklearn),
    reproduced ? "equal" : "DIFFERS",
    digest.slice(0, 12),
  ];
}

function print({ data, rows, lines }: FraudTable): void {
  const row = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(WIDTHS[i]!))
      .join(" ")
      .trimEnd();
  const what = data === "given" ? "transactions of the data given" : "PaySim-like transactions";
  process.stdout.write(`\n${rows.toLocaleString("en-US")} ${what}: 8 blocks to learn from, 4 to judge by; `);
  process.stdout.write(
    "extra trees, 10 trees, 10 rows a leaf; samples of 5 %; other seeds, and scikit-learn: mean (range) of 5\n",
  );
  for (const cells of [HEAD, ...lines.map(cellsOf)]) process.stdout.write(`${row(cells)}\n`);
}

const common = { seed: Number(option("--seed") ?? 0), workers: Number(option("--workers") ?? 4) };
const rows = Number(option("--rows") ?? 1_000_000);
const data = option("--data") ?? REAL_DATA;
const tables: FraudTable[] = [];
for (const from of data === undefined ? [{}] : [{ data }, {}]) {
  const table = await makeFraudTable({ ...common, rows, ...from });
  tables.push(table);
  if (!process.argv.includes("--json")) print(table);
}
if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify({ tables })}\n`);
if (tables.some(({ lines }) => lines.some(({ reproduced }) => !reproduced))) process.exitCode = 1;
