import { open } from "node:fs/promises";
import * as v from "valibot";
import { ValueLostError } from "../errors.js";
import { nodeIdSchema, sha256Schema } from "../protocol.js";
import { type Methods, method } from "../rpc/peer.js";
import { type ObjectStore, PIECE } from "./object-store.js";

/** The largest piece of a file that one answer holds. */
export const FILE_PIECE = 4 * 1024 * 1024;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What a process answers to others that need its values, and (the master) its input files by digest. */
export function dataMethods(store: ObjectStore, filePath: (sha256: string) => string | undefined): Methods {
  return {
    value: method(v.object({ id: nodeIdSchema, piece: count }), ({ id, piece }) => {
      const value = store.get(id);
      if (!value || piece * PIECE > value.bytes.length)
        throw new ValueLostError(`The value ${id} is not here any more.`, { node: id });
      return value.piece(piece * PIECE);
    }),
    file: method(v.object({ sha256: sha256Schema, offset: count }), async ({ sha256, offset }) => {
      const path = filePath(sha256);
      if (path === undefined) throw new ValueLostError(`There is no input with sha-256 ${sha256} here.`, { sha256 });
      const handle = await open(path, "r");
      try {
        const buffer = new Uint8Array(FILE_PIECE);
        const { bytesRead } = await handle.read(buffer, 0, FILE_PIECE, offset);
        return { bytes: buffer.subarray(0, bytesRead) };
      } finally {
        await handle.close();
      }
    }),
  };
}
