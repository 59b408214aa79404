import { rmSync } from "node:fs";
import { MessageChannel } from "node:worker_threads";
import { Piscina } from "piscina";
import { type HostModule, listHostModules } from "../program/host-modules.js";
import { threadFolder } from "../program/program-folder.js";
import { portTransport } from "../transport/port.js";
import type { Transport } from "../transport/transport.js";

/** What a thread is started with, besides its port. */
export interface ThreadStart {
  readonly task: string;
  readonly hosts: readonly HostModule[];
  /** Where the thread keeps programs. */
  readonly folder: string;
}

/** A thread that runs one task for as long as it lives, and the link to it. */
export interface ThreadHost {
  readonly transport: Transport;
  /** Ends the thread at once, whatever it is doing; the link closes with `reason`. Settles when nothing of it is left. */
  kill(reason?: Error): Promise<void>;
}

/**
 * Starts a thread: a Piscina pool of one thread whose one task ends when its port closes. The pool's rejection is how we
 * learn that the thread crashed; the link then closes with that reason.
 */
export function startThread(task: URL): ThreadHost {
  const pool = new Piscina({
    filename: new URL("./thread-main.js", import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: Number.POSITIVE_INFINITY,
    atomics: "disabled", // the thread must keep serving its port
  });
  const { port1, port2 } = new MessageChannel();
  const link = portTransport(port1, true);
  const closes: ((reason: Error | undefined) => void)[] = [];
  let over: { reason: Error | undefined } | undefined;
  let gone: Promise<void> | undefined;
  const end = (reason: Error | undefined): void => {
    if (over) return;
    over = { reason };
    port1.close();
    for (const close of closes) close(reason);
    gone = pool.destroy().then(() => removeFolder(start.folder));
  };
  const start: ThreadStart = { task: task.href, hosts: listHostModules(), folder: threadFolder() };
  pool.on("error", end); // a crash between tasks
  pool.run({ ...start, port: port2 }, { transferList: [port2] }).then(
    () => end(undefined),
    (error: Error) => end(error),
  );
  return {
    transport: {
      send: (message, attachment) => link.send(message, attachment),
      onMessage: (listener) => link.onMessage(listener),
      onClose: (listener) => {
        if (over) listener(over.reason);
        else closes.push(listener);
      },
      drained: () => link.drained(),
      close: () => end(undefined),
    },
    kill: async (reason) => {
      end(reason);
      await gone;
    },
  };
}

function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // it goes with the process's own folder
  }
}
