import { defineConfig } from "vitest/config";
import { shared } from "./vitest.config.js";

// Tests of clusters beyond one machine, on real NATS servers, which they install where there are none, and of pools of workers; and the
// drills in short. `npm run test:fabric`
export default defineConfig({
  test: { ...shared, include: ["packages/*/test/fabric/**/*.test.ts", "test/{fabric,drills}/**/*.test.ts"] },
});
