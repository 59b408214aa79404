import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { SessionFolderError } from "../errors.js";
import { makeTempFolder, removeTempFolder } from "../temp-folders.js";
import { lockFolder } from "./folder-lock.js";

/** The version of what a session's folder holds. */
export const FOLDER_FORMAT = 1;

const schema = v.object({
  format: v.number(),
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
  seed: v.number(),
  epoch: v.number(),
  strict: v.exactOptional(v.boolean()),
  host: v.exactOptional(v.string()),
  port: v.exactOptional(v.number()),
  roots: v.array(v.string()),
  inputs: v.record(v.string(), v.string()),
});

/** What stands in `session.json`: which session it is, where it listened, and where its inputs are looked for. */
export type SessionRecord = Omit<v.InferOutput<typeof schema>, "format">;

/** What a session is begun with. */
export type NewSession = Omit<SessionRecord, "id" | "host" | "port" | "inputs">;

/**
 * The folder of a session: `session.json`, `journal.ndjson`, `blobs/` and `jobs.ndjson`. One master at a time has it.
 *
 * @throws FolderLockedError, SessionFolderError
 */
export class SessionFolder {
  readonly path: string;
  readonly #temporary: boolean;
  readonly #unlock: () => void;
  #record: SessionRecord;
  /** Told of what `session.json` says, whenever that changes. */
  onWrite: (json: string) => void = () => {};

  private constructor(path: string, record: SessionRecord, unlock: () => void, temporary: boolean) {
    this.path = path;
    this.#record = record;
    this.#unlock = unlock;
    this.#temporary = temporary;
  }

  /** A folder for a new session, or a temporary one that goes with the session. */
  static begin(directory: string | undefined, session: NewSession): SessionFolder {
    const record = { id: randomUUID(), ...session, inputs: {} };
    if (directory === undefined) {
      const path = makeTempFolder("graphvm-journal-");
      mkdirSync(join(path, "blobs"));
      return new SessionFolder(path, record, () => {}, true);
    }
    mkdirSync(join(directory, "blobs"), { recursive: true });
    const unlock = lockFolder(directory);
    try {
      if (holdsSession(directory)) {
        throw new SessionFolderError(
          `${directory} holds a session already: go on with it (--resume ${directory}), or choose another folder.`,
          { folder: directory },
        );
      }
      const folder = new SessionFolder(directory, record, unlock, false);
      folder.write({});
      return folder;
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** The folder of a session whose master ended. */
  static resume(directory: string): SessionFolder {
    if (!existsSync(join(directory, "session.json"))) {
      throw new SessionFolderError(
        `${directory} holds no session: name the folder that was given as --journal, or begin one there.`,
        { folder: directory },
      );
    }
    const unlock = lockFolder(directory);
    try {
      return new SessionFolder(directory, readRecord(directory), unlock, false);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  get record(): SessionRecord {
    return this.#record;
  }

  /** Changes what `session.json` says; it is there whole, or as it was before. */
  write(change: Partial<SessionRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.onWrite(this.text);
    if (this.#temporary) return;
    const path = join(this.path, "session.json");
    const file = openSync(`${path}.part`, "w");
    try {
      writeFileSync(file, this.text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.part`, path);
  }

  /** What `session.json` says. */
  get text(): string {
    return `${JSON.stringify({ format: FOLDER_FORMAT, ...this.#record }, null, 2)}\n`;
  }

  close(): void {
    this.#unlock();
    if (this.#temporary) removeTempFolder(this.path);
  }
}

function holdsSession(directory: string): boolean {
  // one that was begun and got no call is nothing to go on with
  return (statSync(join(directory, "journal.ndjson"), { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function readRecord(directory: string): SessionRecord {
  const path = join(directory, "session.json");
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new SessionFolderError(
      `${path} can't be read: was it changed by hand?`,
      { folder: directory },
      { cause: error },
    );
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success || parsed.output.format !== FOLDER_FORMAT) {
    throw new SessionFolderError(
      `${path} was not written by this version of graphvm: go on with the session by the version that began it.`,
      { folder: directory },
    );
  }
  const { format: _format, ...record } = parsed.output;
  return record;
}
