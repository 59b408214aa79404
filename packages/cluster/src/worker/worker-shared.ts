import type { Labels } from "@graphvm/engine";
import type { ExportsConfig } from "../config/config.js";
import type { DataClient } from "../store/data-client.js";
import type { ObjectStore } from "../store/object-store.js";
import type { SentBytes } from "../store/sent-bytes.js";
import type { InputFiles } from "./input-files.js";
import type { WorkerOutput } from "./printed-by-worker.js";

/** What a worker shares with others of its process. */
export interface WorkerShared {
  readonly store: ObjectStore;
  readonly data: DataClient;
  readonly files: InputFiles;
  /** How many bytes of values the worker's thread works with in memory; the rest lies in its folder. */
  readonly memory?: number | undefined;
  /** Where other processes fetch values of this process's store; empty in the master's own. */
  readonly host: string;
  readonly labels: Labels;
  /** What may leave this process's plane. */
  readonly exports?: ExportsConfig | undefined;
  /** What this process sent to others. */
  readonly sent: SentBytes;
  /** What becomes of what its thread prints. Default: lines of jobs go to this process's own output. */
  readonly output?: WorkerOutput;
  /** Turns the host name a job's input names into an address to dial. */
  readonly address: (host: string) => string;
}
