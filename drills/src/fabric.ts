import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { down } from "./fabric/down.js";
import { FabricFolder, type FabricState } from "./fabric/state.js";
import { up } from "./fabric/up.js";

/** The last of the ports is so much above the first. */
const SPAN = 32;

const { what, port, folder, json } = parsed();
try {
  if (what === "up") await folder.alone(() => bringUp());
  else await folder.alone(() => bringDown());
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

async function bringUp(): Promise<void> {
  const { state, started } = await up(folder, port);
  if (json) console.log(JSON.stringify({ started, file: folder.file, ...state }));
  else console.log(lines(state, started).join("\n"));
}

async function bringDown(): Promise<void> {
  const ended = await down(folder);
  if (json) console.log(JSON.stringify({ ended }));
  else console.log(ended === 0 ? "fabric: nothing was up" : `fabric: ${ended} servers ended, their stores removed`);
}

function lines({ url, servers }: FabricState, started: number): string[] {
  const leaves = servers.flatMap(({ plane, url }) => (plane ? [{ plane, url }] : []));
  return [
    `fabric: ${started === 0 ? "already up" : `${started} of ${servers.length} servers started`}`,
    `  hub       ${url}`,
    ...leaves.map((leaf) => `  plane ${leaf.plane}  ${leaf.url}`),
    `  more      ${folder.file}`,
    "",
    `  npx graphvm start-master --fabric ${url}`,
    ...leaves.map((leaf) => `  npx graphvm start-worker --fabric ${leaf.url} --plane ${leaf.plane}`),
    "  npm run fabric:down",
  ];
}

function parsed() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        port: { type: "string", default: "7422" },
        folder: { type: "string", default: fileURLToPath(new URL("../../.fabric", import.meta.url)) },
        json: { type: "boolean", default: false },
      },
    });
    const [what] = positionals;
    const port = Number(values.port);
    const right = Number.isSafeInteger(port) && port >= 1 && port + SPAN <= 65_535;
    if (positionals.length !== 1 || (what !== "up" && what !== "down") || !right) throw new Error("bad usage");
    return { what, port, folder: new FabricFolder(values.folder), json: values.json } as const;
  } catch {
    console.error(
      `usage: npm run fabric:up -- [--port 7422] [--folder .fabric] [--json]   (${SPAN + 1} ports from that one on)
       npm run fabric:down -- [--folder .fabric] [--json]`,
    );
    process.exit(2);
  }
}
