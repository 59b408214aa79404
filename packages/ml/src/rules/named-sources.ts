import { GraphvmError } from "@graphvm/engine";
import { FetchedInputs, remoteScheme } from "@graphvm/engine/internal";
import { BadOptionError } from "../errors.js";
import { filesOf } from "../sources/files.js";

/** A file as it is found here, and as the session finds it. */
export interface NamedSource {
  readonly path: string;
  readonly uri: string;
}

/**
 * Does something with the files that a path, a pattern or an address (`s3://…`, `https://…`) names. What lies elsewhere is
 * fetched into a temporary folder for so long; errors name its address. A pattern's files come sorted by name.
 *
 * @throws FileMissingError if nothing matches; InputMissingError for what can't be fetched; BadOptionError for a pattern with
 * one name for all its files.
 */
export async function withSources<T>(
  path: string,
  uri: string | undefined,
  work: (sources: readonly NamedSource[]) => Promise<T>,
): Promise<T> {
  if (remoteScheme(path) === undefined) {
    const paths = await filesOf(path);
    if (uri === undefined) return work(paths.map((each) => ({ path: each, uri: each })));
    if (paths.length === 1 && paths[0] === path) return work([{ path, uri }]);
    throw new BadOptionError("A pattern can have no uri: each file has its own name.", { option: "uri", value: uri });
  }
  using fetched = new FetchedInputs();
  const copy = await fetched.fetch(path);
  try {
    return await work([{ path: copy, uri: uri ?? path }]);
  } catch (error) {
    throw renamed(error, copy, path);
  }
}

/** The error with the file's address instead of the copy's path. */
function renamed(error: unknown, copy: string, address: string): unknown {
  if (!(error instanceof GraphvmError)) return error;
  const Class = error.constructor as typeof GraphvmError;
  const fields = Object.entries(error.fields).map(([name, value]) => [name, value === copy ? address : value]);
  return new Class(error.message.replaceAll(copy, address), Object.fromEntries(fields), { cause: error });
}
