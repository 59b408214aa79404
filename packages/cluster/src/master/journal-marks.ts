import * as v from "valibot";
import type { Json, JsonObject } from "../recording/index.js";

/** What the journal of a master knows of a call beside the call itself; no recording has it. */
export interface JournalMarks {
  /** The client that sent it, the call's number there, and below which number all were answered. */
  readonly $call?: readonly [client: string, number: number, answered: number];
  /** Whether it stands in the recording, where that is another than "while recording is on". */
  readonly $kept?: boolean;
  /** An auditor looked: no recording has it. */
  readonly $auditor?: boolean;
  /** The number of the graph it began: the one before was emptied. */
  readonly $graph?: number;
  /** Something secret was left out: the call can't be made again. */
  readonly $redacted?: boolean;
}

const schema = v.object({
  $call: v.exactOptional(v.tuple([v.string(), v.number(), v.number()])),
  $kept: v.exactOptional(v.boolean()),
  $auditor: v.exactOptional(v.boolean()),
  $graph: v.exactOptional(v.number()),
  $redacted: v.exactOptional(v.boolean()),
});

/** Params with marks beside them. Params of calls are objects whose own names are fixed, so that nothing is hidden. */
export function marked(params: Json, marks: JournalMarks): Json {
  return { ...(params as JsonObject), ...(marks as JsonObject) };
}

export function unmark(params: Json): { readonly params: Json; readonly marks: JournalMarks } {
  const {
    $call: _call,
    $kept: _kept,
    $auditor: _auditor,
    $graph: _graph,
    $redacted: _redacted,
    ...rest
  } = params as JsonObject;
  return { params: rest, marks: v.parse(schema, params) };
}
