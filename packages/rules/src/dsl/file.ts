import { FileValue } from "@graphvm/engine";

/**
 * A declared input, as a param: a path relative to the session's root, an absolute path or a `file:` URL. Inside an atom
 * `.path` is where its bytes lie; they are hashed before they are used and checked after.
 *
 * @example apply(readConfig, file("config.json"))()
 */
export function file(uri: string, known: { readonly sha256?: string; readonly size?: number } = {}): FileValue {
  return new FileValue(uri, known);
}
