import { appendFileSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StoredMsg } from "@nats-io/jetstream";
import { FabricError, SessionFolderError } from "../errors.js";
import type { LineKind } from "../folder/journal-copy.js";
import { blobRefs, type Json } from "../recording/index.js";
import type { Fabric } from "./fabric.js";
import { CODE, codeOf } from "./stores.js";

/** So many messages are asked for at once. */
const AT_ONCE = 16;

/**
 * A folder that follows the journal stream: `session.json`, `journal.ndjson`, `jobs.ndjson` and blobs, as a master of this
 * machine would have written them. A standby keeps one; who takes over goes on in it.
 */
export class Mirror {
  readonly folder: string;
  readonly #fabric: Fabric;
  readonly #blobs = new Set<string>();
  /** The sequence number of the last message that is in the folder. */
  #last = 0;
  #over = false;

  /** @throws SessionFolderError where the folder holds something. */
  constructor(fabric: Fabric, folder: string) {
    mkdirSync(join(folder, "blobs"), { recursive: true });
    const found = readdirSync(folder).filter((name) => name !== "blobs");
    if (found.length > 0) {
      throw new SessionFolderError(
        `${folder} holds something already, and on a fabric the journal comes from the stream: name an empty folder, or none.`,
        { folder },
      );
    }
    this.#fabric = fabric;
    this.folder = folder;
  }

  /** A mirror of what comes after a message. */
  static behind(fabric: Fabric, folder: string, last: number): Mirror {
    const mirror = new Mirror(fabric, folder);
    mirror.#last = last;
    return mirror;
  }

  get last(): number {
    return this.#last;
  }

  /** Whether there is a session to go on with. */
  get holdsSession(): boolean {
    return existsSync(join(this.folder, "session.json"));
  }

  /** Whether the session was ended by a client: nothing is left to go on with. */
  get over(): boolean {
    return this.#over;
  }

  /** Takes what the stream has beyond what is here; how much that was. @throws what NATS says; FabricError */
  async follow(): Promise<number> {
    const { connection, names } = this.#fabric;
    const end = (await connection.reader.streams.info(names.journalStream)).state.last_seq;
    const from = this.#last;
    while (this.#last < end) {
      const count = Math.min(AT_ONCE, end - this.#last);
      const asked = Array.from({ length: count }, (_, i) => this.#message(this.#last + 1 + i));
      for (const message of await Promise.all(asked)) {
        await this.#take(message);
        this.#last = message.seq;
      }
    }
    return this.#last - from;
  }

  async #message(seq: number): Promise<StoredMsg> {
    const { connection, names } = this.#fabric;
    const gap = (cause?: unknown): FabricError =>
      new FabricError(
        `The journal in the stream ${names.journalStream} has no message ${seq}: somebody removed it, and the session can't be gone on with.`,
        { seq },
        { cause },
      );
    try {
      const message = await connection.reader.streams.getMessage(names.journalStream, { seq });
      if (message) return message;
    } catch (error) {
      if (codeOf(error) !== 10037) throw error;
      throw gap(error);
    }
    throw gap();
  }

  async #take(message: StoredMsg): Promise<void> {
    const kind = message.subject.split(".").at(-1) as LineKind;
    const text = Buffer.from(message.data).toString();
    if (kind === "session") {
      const path = join(this.folder, "session.json");
      writeFileSync(`${path}.part`, text);
      renameSync(`${path}.part`, path);
    }
    if (kind === "jobs") appendFileSync(join(this.folder, "jobs.ndjson"), text);
    if (kind !== "calls") return;
    for (const line of text.split("\n")) if (line !== "") await this.#call(line);
    appendFileSync(join(this.folder, "journal.ndjson"), text);
  }

  async #call(line: string): Promise<void> {
    const { method, error, params, result } = JSON.parse(line) as { [name: string]: Json };
    if (method === "endCluster" && error === undefined) this.#over = true;
    for (const sha256 of blobRefs([params ?? null, result ?? null, error ?? null])) await this.#blob(sha256);
  }

  async #blob(sha256: string): Promise<void> {
    const path = join(this.folder, "blobs", sha256);
    if (this.#blobs.has(sha256) || existsSync(path)) return;
    const bytes = await (await this.#fabric.connection.objects(this.#fabric.names.blobs)).getBlob(sha256);
    if (!bytes) throw new FabricError(`The object store has no blob ${sha256} that the journal names.`, { sha256 });
    writeFileSync(`${path}.part`, bytes);
    renameSync(`${path}.part`, path);
    this.#blobs.add(sha256);
  }
}

/** Whether the stream is gone: its session was ended. */
export const isGone = (error: unknown): boolean => codeOf(error) === CODE.notFound;
