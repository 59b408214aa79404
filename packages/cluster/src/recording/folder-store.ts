import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, link, mkdir, open, readdir, readFile, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { threadId } from "node:worker_threads";
import {
  KeyExistsError,
  KeyMissingError,
  StoreFailedError,
  StoreKeyError,
  StorePermissionError,
  StoreVerifyError,
} from "./errors.js";
import { checkStoreKey, type PutOptions, type Store, TEMP_PREFIX } from "./store.js";

let made = 0;

/**
 * A store in a folder: a key is a path in it. Files are written beside their place, synced, then linked or renamed to
 * it. No key leads out of the folder, through a symbolic link neither. A writer that was killed can leave a file that
 * begins with `.graphvm-tmp-`; no key names it and `list` doesn't show it.
 */
export class FolderStore implements Store {
  readonly root: string;

  /** @param root The folder; made when something is put there first. */
  constructor(root: string) {
    this.root = resolve(root);
  }

  async get(key: string): Promise<Uint8Array> {
    const path = this.#path(key);
    try {
      await this.#inside(path, key);
      return await readFile(path);
    } catch (error) {
      throw this.#error(error, path);
    }
  }

  async exists(key: string): Promise<boolean> {
    const path = this.#path(key);
    try {
      await this.#inside(path, key);
      return (await stat(path)).isFile();
    } catch (error) {
      if (isMissing(error)) return false;
      throw this.#error(error, path);
    }
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<void> {
    await this.#put(key, bytes, options);
  }

  /** Puts the bytes of a file, which are not read into memory. @throws KeyExistsError if anything is there, unless forced */
  async putFile(key: string, from: string, options: PutOptions = {}): Promise<void> {
    await this.#put(key, { from }, options);
  }

  async #put(key: string, content: Uint8Array | { readonly from: string }, options: PutOptions): Promise<void> {
    const path = this.#path(key);
    const folder = dirname(path);
    try {
      await this.#insideOrNew(folder, key);
      await mkdir(folder, { recursive: true });
      await this.#inside(folder, key);
      if (content instanceof Uint8Array && (await this.#same(path, content, options.force === true))) return;
      const temp =
        content instanceof Uint8Array ? await writeTemp(folder, content) : await copyTemp(folder, content.from);
      try {
        if (options.force) await rename(temp, path);
        else await linkNew(temp, path);
      } finally {
        await unlink(temp).catch(() => {});
      }
      await syncFolder(folder);
    } catch (error) {
      // Another writer was first: fine if it wrote the same.
      const taken = (error as NodeJS.ErrnoException).code === "EEXIST";
      if (taken && !(content instanceof Uint8Array)) throw existsError(path);
      const raced = taken && content instanceof Uint8Array && (await this.#same(path, content, false));
      if (!raced) throw this.#error(error, path);
    }
  }

  async list(prefix = ""): Promise<string[]> {
    const keys: string[] = [];
    const visit = async (folder: string, at: string): Promise<void> => {
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        const key = at + entry.name;
        if (entry.name.startsWith(TEMP_PREFIX)) continue;
        if (entry.isFile() && key.startsWith(prefix)) keys.push(key);
        // Only folders that can hold a key with this prefix.
        const deeper = `${key}/`;
        if (entry.isDirectory() && (deeper.startsWith(prefix) || prefix.startsWith(deeper))) {
          await visit(join(folder, entry.name), deeper);
        }
      }
    };
    try {
      await visit(this.root, "");
    } catch (error) {
      if (!isMissing(error)) throw this.#error(error, this.root);
    }
    return keys.sort();
  }

  close(): void {}

  #path(key: string): string {
    checkStoreKey(key);
    return join(this.root, ...key.split("/"));
  }

  /** Whether these bytes are there already. @throws KeyExistsError if others are, and they may not be replaced */
  async #same(path: string, bytes: Uint8Array, force: boolean): Promise<boolean> {
    let there: Uint8Array;
    try {
      const found = await stat(path);
      if (found.isFile() && found.size !== bytes.length) {
        if (force) return false;
        throw existsError(path);
      }
      there = await readFile(path);
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
    if (Buffer.compare(there, bytes) === 0) return true;
    if (force) return false;
    throw existsError(path);
  }

  /** Follows symbolic links, and refuses a path that ends outside. */
  async #inside(path: string, key: string): Promise<void> {
    const [root, real] = [await realpath(this.root), await realpath(path)];
    if (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return;
    const sentence = `The key ${JSON.stringify(key)} leads out of ${this.root} through a symbolic link; it was refused.`;
    throw new StoreKeyError(sentence, { key });
  }

  /** The same for a folder of which the last parts may not exist yet. */
  async #insideOrNew(folder: string, key: string): Promise<void> {
    for (let path = folder; path.length >= this.root.length; path = dirname(path)) {
      try {
        await this.#inside(path, key);
        return;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
  }

  #error(error: unknown, path: string): unknown {
    const { code, message } = error as NodeJS.ErrnoException;
    const fields = { uri: path };
    const cause = { cause: error };
    if (isMissing(error)) return new KeyMissingError(`There is no ${path}; check the name.`, fields, cause);
    if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
      return new StorePermissionError(`No permission for ${path}; check its owner and mode.`, fields, cause);
    }
    if (code === "EISDIR") return new KeyMissingError(`${path} is a folder; name a file in it.`, fields, cause);
    if ((error as NodeJS.ErrnoException).syscall === undefined) return error;
    return new StoreFailedError(`${path} could not be read or written (${message}).`, fields, cause);
  }
}

/** Writes and syncs a file under a name that nobody has. */
async function writeTemp(folder: string, bytes: Uint8Array): Promise<string> {
  for (;;) {
    const temp = join(folder, `${TEMP_PREFIX}${process.pid}-${threadId}-${made++}`);
    let file: Awaited<ReturnType<typeof open>>;
    try {
      file = await open(temp, "wx");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw error;
    }
    try {
      await file.writeFile(bytes);
      await file.sync();
      if (Buffer.compare(await readFile(temp), bytes) !== 0) {
        throw new StoreVerifyError(`${folder} gave back other bytes than were written; check its disk.`, {
          uri: folder,
        });
      }
      return temp;
    } catch (error) {
      await unlink(temp).catch(() => {});
      throw error;
    } finally {
      await file.close();
    }
  }
}

/** Copies a file to a name that nobody has, and checks the copy. */
async function copyTemp(folder: string, from: string): Promise<string> {
  const temp = join(folder, `${TEMP_PREFIX}${process.pid}-${threadId}-${made++}`);
  try {
    await copyFile(from, temp, constants.COPYFILE_EXCL);
    const file = await open(temp, "r+");
    await file.sync().finally(() => file.close());
    if ((await fileDigest(temp)) === (await fileDigest(from))) return temp;
    throw new StoreVerifyError(`${folder} gave back other bytes than were written; check its disk.`, { uri: folder });
  } catch (error) {
    await unlink(temp).catch(() => {});
    throw error;
  }
}

async function fileDigest(path: string): Promise<string> {
  const sum = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) sum.update(piece as Buffer);
  return sum.digest("hex");
}

/** Gives a file its name unless the name is taken (EEXIST), in one step where the file system has hard links. */
async function linkNew(temp: string, path: string): Promise<void> {
  try {
    await link(temp, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EMLINK") throw error;
    // No hard links here: reserve the name, then replace the empty file.
    await (await open(path, "wx")).close();
    await rename(temp, path);
  }
}

async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    await folder.sync().finally(() => folder.close());
  } catch {
    // Some systems do not sync folders; the file itself was synced.
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

function existsError(path: string): KeyExistsError {
  const sentence = `${basename(path)} is there already, with other content; use --force to replace it.`;
  return new KeyExistsError(sentence, { uri: path });
}
