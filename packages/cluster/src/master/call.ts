import type * as v from "valibot";
import type { Json } from "../recording/index.js";
import type { MasterSession } from "./session.js";
import type { SessionLog } from "./session-log.js";

/** What a call gives: the answer to the client, and what the journal keeps of it. */
export interface Answer {
  readonly answer: unknown;
  readonly logged: Json;
  /** Whether its line belongs to the recording, where that was decided before all of it was known. */
  readonly kept?: boolean;
}

/** A call of a session: validated params in, an answer out. */
export interface Call<P = unknown> {
  readonly params: v.GenericSchema<unknown, P>;
  /** Calls that change the session go one after the other; the rest run side by side with them. */
  readonly exclusive: boolean;
  /** What the journal keeps of the params. */
  log(params: P, log: SessionLog): Promise<Json>;
  run(params: P, session: MasterSession, log: SessionLog): Promise<Answer>;
}

/** Makes a call; its params' type is the schema's. */
export function call<S extends v.GenericSchema>(
  params: S,
  exclusive: boolean,
  run: (params: v.InferOutput<S>, session: MasterSession, log: SessionLog) => Promise<Answer>,
  log: (params: v.InferOutput<S>, log: SessionLog) => Promise<Json> = async (plain) => plain as Json,
): Call {
  return { params, exclusive, run, log } as Call;
}
