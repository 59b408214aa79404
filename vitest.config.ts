import { defineConfig } from "vitest/config";

// Tests run what users run: every package is imported by name and resolves to its build in dist.
export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
});
