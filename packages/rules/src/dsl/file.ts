import { FileValue } from "@graphvm/engine";

/**
 * A declared input, as a param: a path relative to the session's root, an absolute path or a `file:` URL. Inside an atom
 * `.path` is where its bytes lie; they are hashed before they are used and checked after.
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
