import * as v from "valibot";

/** Bytes as base64, in the one way they are written: a reader takes other last letters for the same bytes. */
export const base64Schema = v.pipe(
  v.string(),
  v.check((text) => Buffer.from(text, "base64").toString("base64") === text, "is no base64"),
);
