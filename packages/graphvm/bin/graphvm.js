#!/usr/bin/env node
import { existsSync } from "node:fs";

// The build is not committed; this file is, so that a fresh clone has the command linked before it is built.
const bin = new URL("../dist/bin.js", import.meta.url);
if (existsSync(bin)) await import(bin.href);
else {
  process.stderr.write("graphvm is not built yet: run `npm run build` first.\n");
  process.exitCode = 1;
}
