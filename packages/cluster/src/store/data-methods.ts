import { open } from "node:fs/promises";
import { isLabel } from "@graphvm/engine/internal";
import * as v from "valibot";
import { PlaneBoundError, ValueLostError } from "../errors.js";
import { nodeIdSchema, sha256Schema } from "../protocol.js";
import { Attached, type Methods, method, Peer } from "../rpc/peer.js";
import type { Met } from "../transport/listen.js";
import type { Transport } from "../transport/transport.js";
import type { ObjectStore } from "./object-store.js";
import type { SentBytes } from "./sent-bytes.js";

/** The largest piece of a file that one answer holds. */
export const FILE_PIECE = 2 * 1024 * 1024;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What a process has for others. */
export interface DataSource {
  readonly store: ObjectStore;
  readonly sent: SentBytes;
  /** Where an input with that digest lies: the master has them for workers that lack them. */
  readonly filePath?: (sha256: string) => string | undefined;
}

/**
 * Serves a link of another process, which says of which plane it is before it asks for anything; so many calls at once.
 *
 * @param met Where the link itself tells: the plane both sides are in, or none. Bound values go by that then, whatever is said.
 */
export function serveData(link: Transport, source: DataSource, openCalls: number, met?: Met): void {
  let plane = "";
  const peer = new Peer(
    link,
    dataMethods(
      link,
      source,
      () => plane,
      () => (met ? (met.plane ?? "") : plane),
    ),
    "process",
    openCalls,
  );
  peer.on(PLANE, (said) => {
    if (typeof said === "string" && isLabel(said)) plane = said;
  });
}

/** The event by which a process that dials says of which plane it is. */
export const PLANE = "plane";

/**
 * What a process answers to others that need its values, and (the master) its input files by digest. Bytes leave as fast as
 * the other side takes them: of what it asked for and does not read, little waits here.
 */
function dataMethods(
  link: Transport,
  { store, sent, filePath = () => undefined }: DataSource,
  plane: () => string,
  trusted: () => string,
): Methods {
  return {
    value: method(
      v.object({ id: nodeIdSchema, piece: count, check: v.exactOptional(v.boolean()) }),
      async ({ id, piece, check }) => {
        mayGo(store, id, trusted());
        await link.drained();
        const { bytes, ...rest } = await store.piece(id, piece, check);
        sent.add(plane(), bytes.length);
        return new Attached(rest, bytes);
      },
    ),
    file: method(v.object({ sha256: sha256Schema, offset: count }), async ({ sha256, offset }) => {
      const path = filePath(sha256);
      if (path === undefined) throw new ValueLostError(`There is no input with sha-256 ${sha256} here.`, { sha256 });
      await link.drained();
      const handle = await open(path, "r");
      try {
        const buffer = new Uint8Array(FILE_PIECE);
        const { bytesRead } = await handle.read(buffer, 0, FILE_PIECE, offset);
        sent.add(plane(), bytesRead);
        return new Attached({}, buffer.subarray(0, bytesRead));
      } finally {
        await handle.close();
      }
    }),
  };
}

/** @throws PlaneBoundError where a value may not go to processes of that plane. */
export function mayGo(store: ObjectStore, id: string, plane: string): void {
  const bound = store.boundTo(id);
  if (bound === undefined || bound === plane) return;
  const who = plane === "" ? "a process outside every plane" : `a process of plane ${plane}`;
  throw new PlaneBoundError(
    `The value ${id} is bound to plane ${bound} and does not go to ${who}: let it leave through a rule that exports.`,
    { node: id, plane: bound },
  );
}
