import { currentAtom } from "../atom/current-atom.js";
import { NoAtomError } from "../errors.js";

/** A declared input: a file named by URI, relative to the session's root, with its digest where that is known. */
export class FileValue {
  readonly uri: string;
  readonly sha256: string | undefined;
  readonly size: number | undefined;

  constructor(uri: string, known: { readonly sha256?: string | undefined; readonly size?: number | undefined } = {}) {
    this.uri = uri;
    this.sha256 = known.sha256;
    this.size = known.size;
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
    return atom.session.inputs.resolve(this);
  }
}
