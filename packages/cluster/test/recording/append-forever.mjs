// Appends to a journal until it is killed, and says on stdout which lines were acknowledged.
import { writeSync } from "node:fs";
import { openJournal } from "../../dist/recording/index.js";

const journal = await openJournal(process.argv[2]);
for (;;) {
  const line = await journal.add({ at: 0, method: "call", params: ["x".repeat(journal.nextSeq % 300)] });
  writeSync(1, `${line.seq} ${line.hash}\n`);
}
