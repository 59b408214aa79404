import { readFileSync } from "node:fs";
import { currentAtom, quietly } from "../atom/current-atom.js";
import { noteRemote } from "../atom/fetched-inputs.js";
import { BadLabelError, NoAtomError } from "../errors.js";
import { checkLabels } from "./placement.js";

/**
 * A declared input: a file named by URI, relative to the session's root, or an `https:`, `s3:` or `env:` URI that is fetched
 * once a session; with its digest where that is known.
 */
export class FileValue {
  readonly uri: string;
  readonly sha256: string | undefined;
  readonly size: number | undefined;
  /** The plane whose workers alone read it; part of its identity. */
  readonly on: { readonly plane: string } | undefined;

  /** @throws BadLabelError for a plane that is no label, or another label. */
  constructor(
    uri: string,
    known: {
      readonly sha256?: string | undefined;
      readonly size?: number | undefined;
      readonly on?: { readonly plane: string } | undefined;
    } = {},
  ) {
    this.uri = uri;
    this.sha256 = known.sha256;
    this.size = known.size;
    this.on = known.on && planeOf(known.on, uri);
    noteRemote(uri);
    Object.freeze(this);
  }

  /**
   * Where the bytes lie on this machine, checked against the declared digest. Only inside an atom, whose session
   * resolves the URI.
   *
   * @throws NoAtomError outside an atom.
   */
  get path(): string {
    const atom = currentAtom();
    if (!atom)
      throw new NoAtomError(`file("${this.uri}") has a path only inside an atom: pass it to apply(...) as a param.`);
    return atom.resolve(this);
  }

  /** Its bytes as UTF-8 text, checked like `path`. @throws NoAtomError outside an atom. */
  get text(): string {
    const { path } = this;
    return quietly(() => readFileSync(path, "utf8"));
  }
}

function planeOf(on: { readonly plane: string }, uri: string): { readonly plane: string } {
  const { plane, ...others } = checkLabels(on, `file("${uri}")`);
  if (plane !== undefined && Object.keys(others).length === 0) return Object.freeze({ plane });
  throw new BadLabelError(`file("${uri}") can be bound to a plane and to nothing else: { on: { plane: "eu" } }.`, {
    uri,
  });
}
