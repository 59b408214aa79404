import { linkSync, rmSync } from "node:fs";
import { access, constants, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InputChangedError, InputMissingError } from "@graphvm/engine";
import { given } from "@graphvm/engine/internal";
import { ArchiveFailedError, BadOptionError, PlaneBoundError } from "../errors.js";
import {
  copyTarget,
  FolderStore,
  parsePlace,
  type S3Lock,
  StoreFailedError,
  StorePermissionError,
  sourceExists,
} from "../recording/index.js";
import { writePieces } from "./made-recordings.js";
import type { RecordingSettings } from "./session-log.js";

const DAY = 24 * 3600 * 1000;

/** Where the recording of a whole session goes when it ends, and what it keeps. */
export interface ArchiveOptions extends Partial<Omit<RecordingSettings, "capture">> {
  /** A folder, or `s3://bucket/prefix`. */
  readonly to: string;
  /** What travels besides calls and code. */
  readonly capture?: readonly ("code" | "inputs" | "outputs")[];
  /** Nobody can change or delete the recording for so many days: where the bucket offers object lock. */
  readonly lockDays?: number;
  /** Who may lift the lock: whoever has a permission of its own (the default), or nobody. */
  readonly lockMode?: "governance" | "compliance";
}

/** A recording that was archived. */
export interface Archived {
  /** Where it lies: a path, or `s3://bucket/key`. */
  readonly uri: string;
  /** Bytes of the recording. */
  readonly bytes: number;
  readonly calls: number;
}

/** A recording that is about to be made. */
export interface Making {
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly calls: number;
}

/** Puts a session's recording where it is to go, under a name that no other has. */
export class Archive {
  readonly settings: RecordingSettings;
  readonly #options: ArchiveOptions;
  readonly #session: string;
  readonly #local: boolean;

  private constructor(options: ArchiveOptions, session: string, local: boolean) {
    const { capture = [], digests = "jobs", labels, author } = options;
    this.#options = options;
    this.#session = session;
    this.#local = local;
    this.settings = {
      capture: capture.filter((what) => what !== "code"),
      digests,
      ...given({ labels, author }),
    };
  }

  /**
   * Looks whether something can be put there, so that a session does not run for a day to learn that it can't.
   *
   * @throws BadOptionError, SourceUriError, and what stores throw
   */
  static async open(given: string | ArchiveOptions, session: string): Promise<Archive> {
    const options = typeof given === "string" ? { to: given } : given;
    const { lockDays } = options;
    const place = parsePlace(options.to);
    if (lockDays !== undefined && !(Number.isSafeInteger(lockDays) && lockDays > 0)) {
      throw new BadOptionError("A recording is locked for a whole number of days, from 1 on.", { option: "lockDays" });
    }
    if (lockDays === undefined ? options.lockMode !== undefined : place.kind === "file") {
      throw new BadOptionError("A lock needs an S3 bucket that offers object lock, and a number of days.", {
        option: "lockDays",
      });
    }
    if (place.kind === "file") await makeFolder(place.path);
    const archive = new Archive(options, session, place.kind === "file");
    await sourceExists(archive.#uri("graphvm"));
    return archive;
  }

  /** Whether inputs are to be captured. */
  get inputs(): boolean {
    return this.settings.capture.includes("inputs");
  }

  /**
   * Makes the recording and puts it there. Where that can't be, the recording lies in the working directory.
   *
   * @param make Makes the recording, with its inputs or without.
   * @param now The time the recording was made, which its header has too.
   * @param folder Where it is written first.
   * @throws ArchiveFailedError that says where the recording is
   */
  async put(make: (inputs: boolean) => Promise<Making>, now: number, folder: string): Promise<Archived> {
    const name = archiveName(now, this.#session);
    const made = join(folder, `${name}.tmp`);
    const uri = this.#uri(name);
    try {
      const { calls, size, lacking } = await this.#make(make, made);
      try {
        await copyTarget(uri, made, { ...this.#lock(now), share: true });
      } catch (error) {
        throw await kept(made, name, uri, error as Error);
      }
      if (lacking === undefined) return { uri, bytes: size, calls };
      const sentence = `The inputs could not be captured, so the recording at ${uri} is without them: ${lacking.message}`;
      throw new ArchiveFailedError(sentence, { uri, kept: uri }, { cause: lacking });
    } finally {
      rmSync(made, { force: true });
    }
  }

  /** With inputs where they were asked for; without them is better than nothing. */
  async #make(
    make: (inputs: boolean) => Promise<Making>,
    path: string,
  ): Promise<{ calls: number; size: number; lacking?: Error }> {
    const write = async (inputs: boolean): Promise<{ calls: number; size: number }> => {
      const { pieces, calls } = await make(inputs);
      return { calls, size: (await writePieces(path, pieces)).size };
    };
    try {
      return await write(this.inputs);
    } catch (error) {
      const input =
        error instanceof InputChangedError || error instanceof InputMissingError || error instanceof PlaneBoundError;
      if (!input) throw notMade(error as Error);
      return { ...(await write(false)), lacking: error };
    }
  }

  #uri(name: string): string {
    const { to } = this.#options;
    if (!this.#local) return `${to.replace(/\/+$/, "")}/${name}`;
    return join(resolve((parsePlace(to) as { path: string }).path), name);
  }

  #lock(now: number): { readonly lock?: S3Lock } {
    const { lockDays, lockMode = "governance" } = this.#options;
    if (lockDays === undefined) return {};
    const mode = lockMode === "compliance" ? "COMPLIANCE" : "GOVERNANCE";
    return { lock: { mode, until: new Date(now + lockDays * DAY) } };
  }
}

/** `20310203T040506.000Z-<session>.gvr`: names sort by time, and no two sessions share one. */
export function archiveName(now: number, session: string): string {
  return `${new Date(now).toISOString().replace(/[-:]/g, "")}-${session}.gvr`;
}

/** Keeps a recording that could not be archived where the master was started; else beside other temporary files. */
async function kept(made: string, name: string, uri: string, error: Error): Promise<ArchiveFailedError> {
  const path = join(process.cwd(), name);
  const at = await new FolderStore(process.cwd()).putFile(name, made).then(
    () => path,
    () => linked(made, join(tmpdir(), name)),
  );
  const sentence =
    at === undefined ? "and it could be kept nowhere else" : `it is kept at ${at}: put it there yourself`;
  const why = error.message.replace(/[.;]?$/, "");
  return new ArchiveFailedError(
    `The recording did not get to ${uri} (${why}); ${sentence}.`,
    { uri, kept: at ?? null },
    { cause: error },
  );
}

/** Another name for the same bytes needs no room on a disk that is full. */
function linked(from: string, to: string): string | undefined {
  try {
    linkSync(from, to);
    return to;
  } catch {
    return undefined;
  }
}

function notMade(cause: Error): ArchiveFailedError {
  const sentence = `The session's recording could not be made: ${cause.message}`;
  return new ArchiveFailedError(sentence, { kept: null }, { cause });
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
      throw new StorePermissionError(`No permission to write in ${path}; check its owner and mode.`, { uri: path });
    }
    const sentence = `${path} can't be a folder for recordings (${message}); name another one.`;
    throw new StoreFailedError(sentence, { uri: path }, { cause });
  }
}
