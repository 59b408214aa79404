import { realpathSync, statSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { InputMissingError } from "@graphvm/engine";
import { isLabel } from "@graphvm/engine/internal";
import { VolumeError } from "../config/errors.js";

/** A file of a volume. */
export interface VolumeFile {
  readonly volume: string;
  /** Where it lies once links are followed. */
  readonly path: string;
}

/** The folders in which a worker finds the inputs that are bound to its plane: `data/x.csv` is `x.csv` in the volume `data`. */
export class Volumes {
  readonly #folders = new Map<string, string>();

  /** @throws VolumeError where one is no folder, or its name is none. */
  constructor(folders: { readonly [name: string]: string } = {}) {
    for (const [name, folder] of Object.entries(folders)) {
      if (!isLabel(name))
        throw new VolumeError(`${name} can't be a volume's name: letters, digits, _ . : and - make one.`, {
          volume: name,
        });
      if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
        throw new VolumeError(`The volume ${name} is no folder (${folder}): make it, or name another one.`, {
          volume: name,
          path: folder,
        });
      this.#folders.set(name, realpathSync(resolve(folder)));
    }
  }

  /** Whether there are any: bound inputs are then found in them and nowhere else. */
  get any(): boolean {
    return this.#folders.size > 0;
  }

  /**
   * The file that an input names. What leads out of its volume, by `..` or by a link, is refused whatever lies there.
   *
   * @throws VolumeError, InputMissingError
   */
  find(uri: string): VolumeFile {
    const [volume = "", ...rest] = uri.split("/");
    const folder = this.#folders.get(volume);
    if (folder === undefined) {
      throw new VolumeError(
        `The input ${uri} is in no volume of its plane's worker (it has ${[...this.#folders.keys()].join(", ")}): name it volume/path, or give the worker that volume.`,
        { uri },
      );
    }
    if (rest.includes("..")) throw leadsOut(uri, volume);
    let path: string;
    try {
      path = realpathSync(join(folder, ...rest));
    } catch {
      throw new InputMissingError(
        `The input ${uri} is not in the volume ${volume} of a worker of its plane: put it there.`,
        {
          uri,
        },
      );
    }
    const inside = relative(folder, path);
    if (isAbsolute(inside) || inside.split(/[\\/]/)[0] === "..") throw leadsOut(uri, volume);
    return { volume, path };
  }
}

function leadsOut(uri: string, volume: string): VolumeError {
  return new VolumeError(`The input ${uri} leads out of the volume ${volume}: name a file inside of it.`, {
    uri,
    volume,
  });
}
