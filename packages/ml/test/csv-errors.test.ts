import { truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { type CsvBlockOptions, readCsv, readCsvBlock, scanCsv } from "@graphvm/ml";
import { expect, test } from "vitest";
import { failure, tempFile, tempPath } from "./support.js";

const scan = (content: string | Uint8Array) => scanCsv(tempFile(content), { blocks: 1 });

test("missing file, and a folder", async () => {
  const path = tempPath("absent.csv");
  expect(await failure(() => scanCsv(path, { blocks: 1 }))).toMatchObject({
    code: "GVM5001",
    exitCode: 2,
    message: `${path} does not exist; check the path.`,
    fields: { file: path },
  });
  expect(await failure(() => readCsv(tmpdir()))).toMatchObject({ code: "GVM5001" });
});

test.each([
  ["an empty file", "", "GVM5002", {}],
  ["a file of line ends", "\n\r\n", "GVM5002", {}],
  ["a header and nothing else", "a,b\n", "GVM5002", {}],
  ["a header without a line end", "a,b", "GVM5002", {}],
  ["a column twice", "a,b,a\n1,2,3\n", "GVM5003", { line: 1, column: "a" }],
  ["a row too short", "a,b\n1,2\n\n3\n", "GVM5004", { line: 4, expected: 2, found: 1 }],
  ["a row too long", 'a,b\n1,"2\n\n"\n3,4,5\n', "GVM5004", { line: 5, expected: 2, found: 3 }],
  ["a quote never closed", 'a,b\n1,2\n3,"x\ny\n', "GVM5006", { line: 3 }],
  ["text after a quote", 'a,b\n1,2\n3,"x"y\n', "GVM5006", { line: 3 }],
  ["another encoding", Buffer.from("a,b\n1,2\n3,caf\xe9\n", "latin1"), "GVM5007", { line: 3 }],
])("%s", async (_, content, code, fields) => {
  const error = await failure(() => scan(content));
  expect(error).toMatchObject({ code, exitCode: 2, fields });
  expect(error.message).toMatch(/\.csv.*[;,].*\.$/);
});

test("a text in a number column: file, line in the whole file, column", async () => {
  const path = tempFile(`a,b\n${'1,"x\ny"\n'.repeat(50_000)}oops,"z"\n${"2,w\n".repeat(10)}`);
  const { blocks } = await scanCsv(path, { blocks: 7, types: { a: "utf8" } });
  const schema = [{ name: "a", type: "int32" }] as const;
  const errors = await Promise.all(blocks.map((block) => readCsvBlock(path, block, schema).catch((e: unknown) => e)));
  expect(errors.filter((error) => error instanceof Error)).toHaveLength(1);
  expect(errors.find((error) => error instanceof Error)).toMatchObject({
    code: "GVM5005",
    fields: { file: path, line: 100_002, column: "a", type: "int32", text: "oops" },
    message: `${path}, line 100002: "oops" in column "a" is no int32; correct the value or read the column as utf8.`,
  });
});

test.each([
  ["int32", "2147483648"],
  ["int32", "1.5"],
  ["int64", "1e3"],
  ["int64", "99999999999999999999"],
  ["float64", "1,5"],
  ["float64", "--1"],
  ["bool", "yes"],
] as const)("%s does not take %s", async (type, text) => {
  const path = tempFile(`a,b\n"${text}",1\n`);
  expect(await failure(() => readCsv(path, [{ name: "a", type }]))).toMatchObject({
    code: "GVM5005",
    fields: { line: 2, column: "a", type, text },
  });
});

test("a column that is not there", async () => {
  const path = tempFile("a,b\n1,2\n");
  const error = await failure(() => readCsv(path, [{ name: "isFraud", type: "int32" }]));
  expect(error).toMatchObject({ code: "GVM5009", fields: { file: path, column: "isFraud", columns: ["a", "b"] } });
  expect(error.message).toBe(`${path} has no column "isFraud"; it has a, b.`);
});

test("a block of another file, and of a file that was cut", async () => {
  const path = tempFile("a,b\n1,2\n3,4\n");
  const { schema, blocks } = await scanCsv(path, { blocks: 1 });
  const other = { ...blocks[0]!, rows: 3 };
  expect(await failure(() => readCsvBlock(path, other, schema))).toMatchObject({ code: "GVM5008" });
  truncateSync(path, 6);
  expect(await failure(() => readCsvBlock(path, blocks[0]!, schema))).toMatchObject({ code: "GVM5008" });
});

test.each([{ blocks: 0 }, { blocks: 1.5 }, { blockSize: 0 }, { blockSize: "5 XB" }, { blockSize: "0.1 B" }])(
  "options %j",
  async (options) => {
    const path = tempFile("a\n1\n");
    expect(await failure(() => scanCsv(path, options as CsvBlockOptions))).toMatchObject({ code: "GVM5010" });
  },
);
