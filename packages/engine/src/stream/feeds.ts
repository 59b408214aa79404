import { StreamSourceError } from "../errors.js";
import { isPromise } from "../graph/run-op.js";

/** Where batches come from, one at a time. */
export type Batches<T = unknown> = Iterable<T> | AsyncIterable<T>;

/** The batches of the one source of a graph, or those of each by name. */
export type StreamSource = Batches | { readonly [name: string]: Batches };

/**
 * Orders what was given for each of a graph's sources. A single one serves the only source, or a graph that has none and
 * just counts batches.
 *
 * @throws StreamSourceError where a source has no batches, or batches have no source.
 */
export function matchSources<T>(
  names: readonly string[],
  given: T | { readonly [name: string]: T },
  single: boolean,
): T[] {
  const has = names.length === 0 ? "no source" : `the ${names.length === 1 ? "source" : "sources"} ${names.join(", ")}`;
  if (single) {
    if (names.length < 2) return [given as T];
    throw new StreamSourceError(`The graph has ${has}: give batches for each by name.`, { sources: names });
  }
  const record = given as { readonly [name: string]: T };
  const unknown = Object.keys(record).filter((name) => !names.includes(name));
  const missing = names.filter((name) => !Object.hasOwn(record, name));
  if (unknown.length === 0 && missing.length === 0 && names.length > 0) return names.map((name) => record[name]!);
  const what = missing.length > 0 ? `Batches are missing for ${missing.join(", ")}` : "Batches were given by name";
  throw new StreamSourceError(`${what}${unknown.length > 0 ? ` (${unknown.join(", ")})` : ""}; the graph has ${has}.`, {
    sources: names,
    missing,
    unknown,
  });
}

/** @throws StreamSourceError for something that is neither iterable nor a record of iterables that fits the sources. */
export function openFeeds(names: readonly string[], source: StreamSource): Feeds {
  const list = matchSources<Batches>(names, source as Batches, isBatches(source));
  list.forEach((batches, i) => {
    if (isBatches(batches)) return;
    const name = names[i] ?? "";
    throw new StreamSourceError(
      `The source ${name} is not iterable: give an array, a generator or an async iterable.`,
      {
        source: name,
      },
    );
  });
  return new Feeds(names, list);
}

function isBatches(value: unknown): value is Batches {
  if (typeof value === "string") return true;
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

type Reader = Iterator<unknown> | AsyncIterator<unknown>;
type Result = IteratorResult<unknown>;

/** The sources of a stream, read side by side: one batch of each at a time, and only when asked. */
export class Feeds {
  readonly #names: readonly string[];
  readonly #given: readonly Batches[];
  #readers: (Reader | undefined)[] | undefined;
  #busy = false;

  constructor(names: readonly string[], given: readonly Batches[]) {
    this.#names = names;
    this.#given = given;
  }

  /** The next batch of every source, or undefined when the first of them has ended. */
  pull(batch: number): unknown[] | undefined | Promise<unknown[] | undefined> {
    this.#readers ??= this.#given.map((batches, i) => this.#guarded(i, batch, () => open(batches)));
    const results = this.#readers.map((reader, i) =>
      this.#guarded(i, batch, () => (reader ? reader.next() : { done: true as const, value: undefined })),
    );
    if (!results.some((result) => isPromise(result) || (result.done !== true && isPromise(result.value))))
      return this.#taken(results as Result[], batch);
    this.#busy = true;
    return this.#settled(results, batch);
  }

  /** Ends every source that has not ended. Does not wait for one that is still working on a batch. */
  async close(): Promise<void> {
    const readers = this.#readers ?? this.#given.map(() => undefined);
    this.#readers = this.#given.map(() => undefined);
    const closing = readers.map(async (reader) => void (await reader?.return?.()));
    if (this.#busy) for (const each of closing) each.catch(() => {});
    else await Promise.all(closing);
  }

  async #settled(results: readonly (Result | Promise<Result>)[], batch: number): Promise<unknown[] | undefined> {
    const settled = await Promise.allSettled(
      results.map(async (pending) => {
        const result = await pending;
        return result.done === true ? result : { done: false as const, value: await result.value };
      }),
    );
    this.#busy = false;
    return this.#taken(
      settled.map((each, i) => (each.status === "fulfilled" ? each.value : this.#fail(i, batch, each.reason))),
      batch,
    );
  }

  #taken(results: readonly Result[], batch: number): unknown[] | undefined {
    let ended = false;
    results.forEach((result, i) => {
      if (result.done !== true) return;
      ended = true;
      this.#readers![i] = undefined;
    });
    if (ended) return undefined;
    return results.map((result, i) => {
      if (result.value !== undefined) return result.value;
      return this.#fail(i, batch, new TypeError("the batch is undefined; null stands for no value"));
    });
  }

  #guarded<T>(i: number, batch: number, work: () => T): T {
    try {
      return work();
    } catch (error) {
      return this.#fail(i, batch, error);
    }
  }

  #fail(i: number, batch: number, cause: unknown): never {
    if (!(cause instanceof TypeError && cause.message.startsWith("the batch is undefined")))
      this.#readers![i] = undefined;
    const message = cause instanceof Error ? cause.message : String(cause);
    const source = this.#names[i] ?? "";
    throw new StreamSourceError(
      `The source ${source} failed at batch ${batch}: ${message}`,
      { source, batch },
      { cause },
    );
  }
}

function open(batches: Batches): Reader {
  return Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
}
