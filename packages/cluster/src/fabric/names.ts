import { isLabel } from "@graphvm/engine/internal";
import { BadOptionError } from "../errors.js";

/** The address of a cluster's master on a fabric, whichever process that is at the moment. */
export const MASTER_ADDRESS = "fabric://_/master";

/** Where a worker's queue lies among all. */
export interface QueuePlace {
  readonly plane?: string;
  readonly tier?: string;
}

/** The words of subjects, streams and buckets of one cluster. */
export class Names {
  readonly cluster: string;
  readonly journalStream: string;
  readonly jobStream: string;
  /** The key-value bucket: who leads, who is there. */
  readonly bucket: string;
  readonly blobs: string;

  /** @throws BadOptionError */
  constructor(cluster: string) {
    if (!/^[A-Za-z0-9_-]{1,32}$/.test(cluster)) {
      throw new BadOptionError("A cluster's name has 1 to 32 letters, digits, - and _.", { option: "cluster" });
    }
    this.cluster = cluster;
    this.journalStream = `graphvm_${cluster}_journal`;
    this.jobStream = `graphvm_${cluster}_jobs`;
    this.bucket = `graphvm_${cluster}`;
    this.blobs = `graphvm_${cluster}_blobs`;
  }

  /** Where a process is knocked at: for processes of its own plane, or for all. */
  door(endpoint: string, plane?: string): string {
    return `${this.#scope(plane)}.door.${endpoint}`;
  }

  /** What goes to one end of a link: `a` accepted it, `d` dialled. */
  link(id: string, end: "a" | "d", plane?: string): string {
    return `${this.#scope(plane)}.link.${id}.${end}`;
  }

  /** Lines of the journal, of the outcomes of jobs, and of the session's record. */
  journal(kind: string): string {
    return `graphvm.${this.cluster}.journal.${kind}`;
  }

  /** The queue of one worker's link, below its plane and tier. */
  jobs(worker: string, { plane = "_", tier = "_" }: QueuePlace): string {
    return `graphvm.${this.cluster}.jobs.${token(plane)}.${token(tier)}.${worker}`;
  }

  /** All queues. */
  get allJobs(): string {
    return `graphvm.${this.cluster}.jobs.>`;
  }

  #scope(plane: string | undefined): string {
    return `graphvm.${this.cluster}.${plane === undefined ? "hub" : `plane.${token(plane)}`}`;
  }
}

/** The address of a process: its plane and its endpoint. */
export const addressOf = (endpoint: string, plane: string | undefined): string =>
  `fabric://${plane ?? "_"}/${endpoint}`;

/** The parts of an address; undefined where it is none of a fabric. */
export function fabricAddress(
  address: string,
): { readonly plane: string | undefined; readonly endpoint: string } | undefined {
  const [, plane = "", endpoint = ""] = /^fabric:\/\/([^/\s]+)\/([A-Za-z0-9]{1,64})$/.exec(address) ?? [];
  if (plane === "" || (plane !== "_" && !isLabel(plane))) return undefined;
  return { plane: plane === "_" ? undefined : plane, endpoint };
}

/** A label's value as one token of a subject: labels may have dots, tokens may not. */
function token(value: string): string {
  return value.replaceAll(".", "%2E").replaceAll(":", "%3A");
}
