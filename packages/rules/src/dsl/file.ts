import { FileValue } from "@graphvm/engine";

/**
 * A declared input, as a param: a path relative to the session's root, an absolute path, a `file:` URL, or what is fetched
 * once a session: `https://…`, and in a cluster's sessions `s3://bucket/key`. Inside an atom `.path` is where its bytes lie, and
 * `.text` is what they say; they are hashed before they are used and checked after.
 *
 * With `on`, only workers of that plane read it, and nothing that is made from it leaves the plane unless a rule that
 * `exports` made it.
 *
 * @throws BadLabelError
 * @example apply(readConfig, file("config.json"))()
 * @example ds.csvSource(file("accounts.csv", { on: { plane: "eu" } }))
 */
export function file(
  uri: string,
  known: { readonly sha256?: string; readonly size?: number; readonly on?: { readonly plane: string } } = {},
): FileValue {
  return new FileValue(uri, known);
}

/**
 * An environment variable as a declared input: `.text` inside an atom. It is read once a session, by the master, and its
 * digest stands in the recording, so that a replay says when it is another. Not for secrets: a session refuses names like
 * those of one.
 *
 * @example apply((region: FileValue) => region.text, env("REGION"))()
 */
export function env(name: string): FileValue {
  return new FileValue(`env:${name}`);
}
