// What masters and workers of a deployment read: the address of the fabric is a secret, and lies in a file of its own.
import { readFileSync } from "node:fs";
import { defineConfig } from "graphvm";

const fabric = readFileSync(process.env.GRAPHVM_FABRIC_FILE ?? "/run/secrets/fabric", "utf8").trim();

// biome-ignore lint/style/noDefaultExport: a config is one
export default defineConfig({ fabric: { servers: fabric } });
