import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openRecording, readRecording } from "@graphvm/cluster";
import { expect, test } from "vitest";
import { headerHash, packRecording, rechain, sha256Hex } from "../../dist/recording/index.js";
import { failureOf } from "../helpers.js";

const GOOD = readFileSync(fileURLToPath(new URL("../fixtures/recordings/words-1.1.gvr", import.meta.url)));

/** The recording of words with another text for its first program, all hashes right. */
function withCode(text: string): Uint8Array {
  const { header, lines, blobs } = openRecording(GOOD);
  const [first] = header.programs;
  const code = Buffer.from(text);
  const blob = sha256Hex(code);
  const calls = lines.map(({ seq: _seq, prev: _prev, hash: _hash, ...call }) =>
    JSON.parse(JSON.stringify(call).replaceAll(first!.blob, blob)),
  );
  const other = {
    ...header,
    programs: header.programs.map((each) => (each === first ? { ...each, hash: blob, blob } : each)),
  };
  const kept = blobs.names.filter((name) => name !== first!.blob).map((name) => [name, blobs.get(name)] as const);
  return packRecording({
    header: other,
    lines: rechain(calls, headerHash(other)),
    blobs: new Map([...kept, [blob, code]]),
  });
}

test.each([
  `import { readFileSync } from "node:fs"; import path from "path"; export const a = 1;`,
  `import { namespace } from "graphvm"; export * from "graphvm/ml";`,
  `import { x } from "@graphvm/not-loaded-here"; import { y } from "graphvm/session";`,
  `const a = () => { try { return require("fsevents"); } catch { return import("./elsewhere.js"); } };`,
])("R34: what a bundle may name: %s", async (code) => {
  expect((await readRecording(withCode(code))).lines).toHaveLength(openRecording(GOOD).lines.length);
});

test.each([
  `import "file:///etc/evil.mjs";`,
  `import x from "../../evil.mjs";`,
  `import x from "/etc/evil.mjs";`,
  `export { x } from "graphvm-evil";`,
  `import "@evil/graphvm";`,
  `what the bundler can't read it has not made; import "x"`,
  `import "graphvm/../../evil";`,
  `import "data:text/javascript,1";`,
  `import "https://example.org/x.js";`,
  `/* import */ import/**/"\\u0065vil";`,
])("R34: what it may not: %s", async (code) => {
  const error = { code: "GVM4040", exitCode: 2, fields: { entry: "journal.ndjson" } };
  expect(await failureOf(readRecording(withCode(code)))).toMatchObject(error);
});
