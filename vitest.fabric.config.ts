import { defineConfig } from "vitest/config";
import { shared } from "./vitest.config.js";

// Tests of clusters beyond one machine: on real NATS servers, which they install where there are none, and pools of workers. `npm run test:fabric`
export default defineConfig({
  test: { ...shared, include: ["packages/*/test/fabric/**/*.test.ts", "test/fabric/**/*.test.ts"] },
});
