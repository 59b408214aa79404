// A master that records, for the journal drill: makes calls until it is killed, and writes a dot into a file for each that was answered.
import { openSync, writeSync } from "node:fs";
import { connect, startMaster } from "@graphvm/cluster";

// a file, which takes every byte at once: a pipe may be full
const answered = openSync(process.argv[3]!, "a");
const master = await startMaster({ port: 0, workers: 0, journal: process.argv[2]! });
const session = await connect(master.url);
await session.setRecording(true);
// the first call waits for the planner to start: a kill before its answer would show nothing
await session.graphStats();
writeSync(answered, ".");
process.stdout.write("recording\n");
for (;;) {
  // several at a time: lines are written while others are answered
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      await session.graphStats();
      writeSync(answered, ".");
    }),
  );
}
