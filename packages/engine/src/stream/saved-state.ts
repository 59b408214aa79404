import { encodeValue } from "../codec/codec.js";
import { decodeValue } from "../codec/read-value.js";
import { isPlainObject } from "../codec/write-value.js";
import { StreamStateError, UnencodableValueError } from "../errors.js";
import { describeRef } from "../identity/describe.js";
import type { BatchRunner } from "./runner.js";

const FORMAT = "graphvm stream state";
const VERSION = 1;

interface Saved {
  readonly format: typeof FORMAT;
  readonly version: number;
  /** How many whole batches there were. */
  readonly batches: number;
  readonly seed: number;
  /** Node id, version of the stateful atom, state; sorted by node id. */
  readonly states: readonly (readonly [id: string, version: number, state: unknown])[];
}

/**
 * The states after `batches` whole batches, as bytes. Equal states give equal bytes.
 *
 * @throws UnencodableValueError for a state that is no value, naming the node.
 */
export function saveState(runner: BatchRunner, batches: number, seed: number): Uint8Array {
  const states = stateful(runner).map(({ id, index, version, name }): Saved["states"][number] => {
    const state = runner.states[index];
    try {
      encodeValue(state);
    } catch (error) {
      throw error instanceof UnencodableValueError ? error.within(`the state of ${name}`) : error;
    }
    return [id, version, state];
  });
  return encodeValue({ format: FORMAT, version: VERSION, batches, seed, states } satisfies Saved);
}

/**
 * Puts saved states back and returns how many batches came before.
 *
 * @throws StreamStateError for bytes that are no state, or the state of other nodes, another seed or another version.
 */
export function restoreState(runner: BatchRunner, bytes: Uint8Array, seed: number): number {
  const saved = read(bytes);
  if (saved.seed !== seed) {
    throw new StreamStateError(
      `The stream's state was saved under seed ${saved.seed} and this graph has seed ${seed}: random numbers would differ.`,
      { saved: saved.seed, seed },
    );
  }
  const states = new Map(saved.states.map(([id, version, state]) => [id, { version, state }]));
  for (const { id, index, version, name } of stateful(runner)) {
    const known = states.get(id);
    if (!known) throw foreign(`it has no state for ${name}`, id);
    if (known.version !== version)
      throw foreign(`the state of ${name} is of version ${known.version}, not ${version}`, id);
    runner.states[index] = known.state;
    states.delete(id);
  }
  for (const id of states.keys()) throw foreign(`it has a state for node ${id}, which is not in this stream`, id);
  return saved.batches;
}

function foreign(why: string, node: string): StreamStateError {
  return new StreamStateError(
    `The state is not one of this stream: ${why}. Start without it, or stream what it was saved from.`,
    {
      node,
    },
  );
}

function stateful(runner: BatchRunner) {
  const { plan } = runner;
  const { table } = plan.structure;
  return runner.stateful
    .map((index) => {
      const node = plan.nodes[index]!;
      const ref = table.ref(node);
      const id = table.idHex(node);
      return { id, index, version: runner.version(index), name: ref ? describeRef(ref) : id };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function read(bytes: Uint8Array): Saved {
  let value: unknown;
  try {
    value = decodeValue(bytes.slice()); // states may be views of it
  } catch (cause) {
    throw new StreamStateError("These bytes are no stream's state: pass what state() gave.", {}, { cause });
  }
  if (typeof value !== "object" || value === null || !isPlainObject(value) || value.format !== FORMAT)
    throw new StreamStateError("This value is no stream's state: pass what state() gave.", {});
  if (value.version !== VERSION) {
    throw new StreamStateError(
      `The stream's state is of format ${String(value.version)}; this version reads format ${VERSION}.`,
      { version: value.version },
    );
  }
  const { batches, seed, states } = value;
  const whole = typeof batches === "number" && Number.isSafeInteger(batches) && batches >= 0;
  if (!whole || typeof seed !== "number" || !Array.isArray(states) || !states.every(isEntry))
    throw new StreamStateError("The stream's state is damaged: pass what state() gave.", {});
  return value as unknown as Saved;
}

function isEntry(entry: unknown): boolean {
  return Array.isArray(entry) && entry.length === 3 && typeof entry[0] === "string" && typeof entry[1] === "number";
}
