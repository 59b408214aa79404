import { availableParallelism } from "node:os";
import { configDefaults, defineConfig, type ViteUserConfig } from "vitest/config";

// Tests run what users run: every package is imported by name and resolves to its build in dist.
export const shared: ViteUserConfig["test"] & object = {
  server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
  pool: "forks",
  // most tests wait for processes they started: two files at once also where there are two cores only
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testTimeout: 60_000,
  hookTimeout: 60_000,
  teardownTimeout: 20_000,
};

// Those that need NATS servers, and drills, have a run of their own: vitest.fabric.config.ts.
export default defineConfig({
  test: {
    ...shared,
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, "**/test/{fabric,drills}/**"],
  },
});
