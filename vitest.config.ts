import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Tests run what users run: every package is imported by name and resolves to its build in dist.
export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
    pool: "forks",
    // most tests wait for processes they started: two files at once also where there are two cores only
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
});
