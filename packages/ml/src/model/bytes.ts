import { decodeValue, encodeValue } from "@graphvm/engine";
import { ModelFormatError } from "../errors.js";
import { MODEL_NAMES, type Model } from "./models.js";

/** "GVMM" and the version of the format. */
const MAGIC = [0x47, 0x56, 0x4d, 0x4d];
const VERSION = 1;
const HEAD = 8;

/**
 * A model as bytes: eight bytes that say what it is, then its data with keys in order. Equal models give equal bytes.
 *
 * @example
 * await writeFile("fraud.model", toBytes(model));
 * const same = fromBytes(await readFile("fraud.model"));
 */
export function toBytes(model: Model): Uint8Array {
  const body = encodeValue(sorted(model));
  const bytes = new Uint8Array(HEAD + body.length);
  bytes.set([...MAGIC, VERSION]);
  bytes.set(body, HEAD);
  return bytes;
}

/**
 * The model that `toBytes` wrote. Models are data: reading one runs no code.
 *
 * @throws ModelFormatError for bytes that are no model, are damaged, or are of a later version.
 */
export function fromBytes(bytes: Uint8Array): Model {
  if (bytes.length < HEAD || MAGIC.some((byte, i) => bytes[i] !== byte)) throw bad("These bytes are no model");
  if (bytes[4] !== VERSION) {
    throw bad(`This model is of format ${bytes[4]}, and this version reads ${VERSION}; use a newer graphvm`);
  }
  let value: unknown;
  try {
    value = decodeValue(bytes.slice(HEAD)); // a copy, so that arrays are aligned and the bytes may change
  } catch (cause) {
    throw new ModelFormatError("The bytes of this model are damaged; write it again.", {}, { cause });
  }
  const model = value as Model | null;
  if (typeof model !== "object" || model === null || !MODEL_NAMES.includes(model.model)) {
    throw bad("These bytes hold something that is no model");
  }
  return model;
}

function bad(what: string): ModelFormatError {
  return new ModelFormatError(`${what}; pass what toBytes wrote.`, {});
}

/** The same value with the keys of objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}
