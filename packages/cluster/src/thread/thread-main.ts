import type { MessagePort } from "node:worker_threads";
import { registerHostModule } from "../program/host-modules.js";
import { useProgramFolder } from "../program/program-folder.js";
import { portTransport } from "../transport/port.js";
import type { Transport } from "../transport/transport.js";
import { sendPrinted } from "./printing.js";
import type { ThreadStart } from "./thread-host.js";

/** What the module named by `ThreadStart.task` exports. */
export interface ThreadTask {
  run(transport: Transport): void;
}

/** The one task of a thread: serves its port until that closes. */
// biome-ignore lint/style/noDefaultExport: Piscina calls a file's default export
export default async function main({ task, hosts, folder, port }: ThreadStart & { port: MessagePort }): Promise<void> {
  for (const host of hosts) registerHostModule(...host);
  useProgramFolder(folder);
  const { run } = (await import(task)) as ThreadTask;
  const closed = new Promise<void>((resolve) => {
    port.once("close", () => resolve());
  });
  const transport = portTransport(port);
  sendPrinted(transport);
  run(transport);
  await closed;
}
