import { InputChangedError, InputMissingError } from "@graphvm/engine";
import { FetchedInputs, given, inputPath, LocalInputs, remoteScheme, stampOf } from "@graphvm/engine/internal";
import { SecretInputError } from "../errors.js";
import { type DeclaredFile, inputKey, inputName } from "../planner/declared-files.js";
import type { JobFile } from "../protocol.js";
import { isSecretKey, type RecordedInput, redactText } from "../recording/index.js";

/** The declared inputs of a session, as the master finds them under its roots. */
export class SessionInputs {
  readonly #local = new LocalInputs();
  #fetched = new FetchedInputs();
  readonly #files = new Map<string, JobFile>();
  readonly #expected = new Map<string, string>();
  #roots: readonly string[];
  #mapped: ReadonlyMap<string, string>;

  /** A relative URI is looked for under each root in turn; a mapped one is where the map says. */
  constructor(roots: readonly string[], mapped: ReadonlyMap<string, string> = new Map()) {
    this.#roots = roots;
    this.#mapped = mapped;
  }

  relocate(roots: readonly string[], mapped: ReadonlyMap<string, string>): void {
    this.#roots = roots;
    this.#mapped = mapped;
    this.#files.clear();
    this.#expected.clear();
    this.close();
  }

  /** Copies of what was fetched go. */
  close(): void {
    this.#fetched.close();
    this.#fetched = new FetchedInputs();
  }

  /**
   * Hashes an input, or takes the hash from before where the file was not touched since; one of another machine is fetched,
   * once a session. The master goes on meanwhile.
   *
   * @throws InputMissingError, InputChangedError where it is not what was declared, or not what it was before;
   * SecretInputError where its name may not be written down.
   */
  async resolve(input: DeclaredFile): Promise<JobFile> {
    const { uri, sha256: declared, plane, free } = input;
    const key = inputKey(input);
    const path = await this.#find(input);
    const stamp = stampOf(path);
    if (!stamp)
      throw new InputMissingError(
        `The input ${uri} is not there (looked for ${path}): check the path, or name another root.`,
        { uri, path },
      );
    const sha256 = await this.#local.digestLater(path, stamp);
    const before = this.#files.get(key)?.sha256 ?? this.#expected.get(key);
    if ((declared !== undefined && declared !== sha256) || (before !== undefined && before !== sha256)) {
      throw new InputChangedError(
        `The input ${uri} changed since it was declared: declare it again, or put the old bytes back.`,
        { uri, path },
      );
    }
    const file = { uri, sha256, path, ...stamp, ...given({ plane, free }) };
    this.#files.set(key, file);
    return file;
  }

  /** What inputs were when a master before this one read them. */
  expect(inputs: readonly RecordedInput[]): void {
    for (const input of inputs) this.#expected.set(inputKey(input), input.sha256);
  }

  /** Those inputs, each once, as they were resolved. */
  of(declared: readonly DeclaredFile[]): RecordedInput[] {
    const wanted = new Set(declared.map(inputKey));
    return wanted.size === 0 ? [] : this.list().filter((input) => wanted.has(inputKey(input)));
  }

  /** Where an input with that digest lies, for workers that lack it. */
  pathOf(sha256: string): string | undefined {
    for (const file of this.#files.values()) if (file.sha256 === sha256) return file.path;
    return undefined;
  }

  /** All inputs so far, by URI. */
  list(): RecordedInput[] {
    const files = [...this.#files.values()];
    return files
      .map(({ uri, size, sha256, plane }) => ({ uri, size, sha256, ...given({ plane }) }))
      .sort((a, b) => (inputName(a) < inputName(b) ? -1 : 1));
  }

  async #find(input: DeclaredFile): Promise<string> {
    const { uri } = input;
    refuseSecret(uri);
    const mapped = this.#mapped.get(inputName(input)) ?? this.#mapped.get(uri);
    if (mapped !== undefined) return mapped;
    if (remoteScheme(uri) !== undefined) return this.#fetched.fetch(uri);
    const paths = this.#roots.map((root) => inputPath(root, uri));
    return paths.find((path) => stampOf(path)) ?? paths[0]!;
  }
}

/** The names of inputs stand in the journal and in recordings. @throws SecretInputError */
function refuseSecret(uri: string): void {
  const name = /^env:(.*)$/.exec(uri)?.[1];
  if (name !== undefined && isSecretKey(name)) {
    throw new SecretInputError(
      `The variable ${name} is named like a secret, and what is declared may be captured: read it outside the graph.`,
      { uri },
    );
  }
  const shown = redactText(uri);
  if (shown === uri) return;
  throw new SecretInputError(
    `The input ${shown} has a secret in its name, which a recording would keep: name it without, or fetch it before the graph runs.`,
    { uri: shown },
  );
}
