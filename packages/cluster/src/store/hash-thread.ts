import * as v from "valibot";
import { bytesSchema } from "../protocol.js";
import { method, Peer } from "../rpc/peer.js";
import type { Transport } from "../transport/transport.js";
import { sha256Now } from "./pieces.js";

/** The thread that hashes what arrives, where it lies: in shared memory. */
export function run(transport: Transport): void {
  new Peer(transport, { sha256: method(v.object({ bytes: bytesSchema }), ({ bytes }) => sha256Now(bytes)) }, "process");
}
