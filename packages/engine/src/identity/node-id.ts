import { ByteWriter } from "../codec/byte-writer.js";
import { isPlainObject, writeValue } from "../codec/write-value.js";
import { UnencodableValueError } from "../errors.js";
import { hash128, idToHex } from "./hash128.js";
import { partialParts, Ref, type Rule } from "./ref.js";

const KEPT_BYTES = 1 << 20;
let scratch = new ByteWriter();

/**
 * Writes the node id of (rule, params) into `out[at, at + 4)`: a 128-bit hash of the canonical encoding of namespace,
 * rule name and params, where a ref contributes its own id. Equal across processes, platforms and Node versions.
 *
 * @throws UnencodableValueError for params that have no meaning outside this process.
 */
export function writeNodeId(ref: Ref, out: Uint32Array, at: number): void {
  if (ref.words) {
    out.set(ref.words, at);
    return;
  }
  identifyInner(ref);
  hashInto(ref, out, at);
}

/** The node id's four words, kept on the ref. */
export function nodeWords(ref: Ref): Uint32Array {
  if (!ref.words) {
    const words = new Uint32Array(4);
    writeNodeId(ref, words, 0);
    ref.words = words;
  }
  return ref.words;
}

/** The node id as 32 hexadecimal digits. */
export function nodeId(ref: Ref): string {
  return idToHex(nodeWords(ref));
}

function hashInto(ref: Ref, out: Uint32Array, at: number): void {
  const { rule, params } = ref;
  if (!rule.prefix) rule.prefix = prefixOf(rule);
  scratch.reset();
  scratch.raw(rule.prefix);
  scratch.count(params.length);
  for (let i = 0; i < params.length; i++) writeValue(scratch, params[i], "identity");
  hash128(scratch.buffer, scratch.length, out, at);
  if (scratch.length > KEPT_BYTES) scratch = new ByteWriter();
}

function prefixOf(rule: Rule): Uint8Array {
  const out = new ByteWriter();
  out.string(rule.ns);
  out.string(rule.name);
  return out.bytes().slice();
}

/** Gives ids to the refs inside a ref's params, innermost first and on an explicit stack: chains of refs may be long. */
function identifyInner(ref: Ref): void {
  if (!ref.params.some((param) => typeof param === "object" || typeof param === "function")) return;
  const stack: Ref[] = [];
  const visit = (inner: Ref): void => {
    if (!inner.words) stack.push(inner);
  };
  for (const param of ref.params) eachRef(param, visit);
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const before = stack.length;
    if (!top.words) for (const param of top.params) eachRef(param, visit);
    if (stack.length > before) continue;
    stack.pop();
    if (top.words) continue;
    top.words = new Uint32Array(4);
    hashInto(top, top.words, 0);
  }
}

/** Calls `visit` for every ref that stands in a param, however deep in arrays, objects and partials. */
export function eachRef(param: unknown, visit: (ref: Ref) => void, depth = 0): void {
  if (param instanceof Ref) visit(param);
  else if (depth > 1000)
    throw new UnencodableValueError("A param contains itself or nests deeper than 1,000 levels.", {});
  else if (Array.isArray(param)) for (const item of param) eachRef(item, visit, depth + 1);
  else if (typeof param === "function") {
    const parts = partialParts(param);
    if (parts) eachRef(parts.rest, visit, depth + 1);
  } else if (typeof param === "object" && param !== null && isPlainObject(param)) {
    for (const key of Object.keys(param)) eachRef(param[key], visit, depth + 1);
  }
}
