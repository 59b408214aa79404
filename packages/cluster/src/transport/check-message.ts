/** How deep a message may nest: params nest 1,000 levels, and a few more lie around them. */
export const MAX_DEPTH = 1100;

/** Extensions we send ourselves: undefined, typed arrays, big integers, dates. Any other is refused. */
const EXTENSIONS: ReadonlySet<number> = new Set([0x00, 0x74, 0x42, 0xff]);

/**
 * Walks MessagePack without building anything, and throws where it is no message of ours: truncated, nested too deep, with
 * bytes left over, with other extensions, or with a length that its bytes can't hold. What passes costs the decoder no more
 * memory than a multiple of its size.
 */
export function checkMessage(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // how many values are still to come, for each open array and map
  const open: number[] = [];
  let at = 0;
  let left = 1;
  for (;;) {
    while (left === 0) {
      const outer = open.pop();
      if (outer === undefined) {
        if (at !== bytes.length) throw new RangeError("bytes are left over after the message");
        return;
      }
      left = outer;
    }
    left--;
    const { head, body, values } = token(view, at);
    at += head + body;
    if (at + values > bytes.length) throw new RangeError("the message is truncated");
    if (values === 0) continue;
    if (open.length >= MAX_DEPTH) throw new RangeError(`the message nests deeper than ${MAX_DEPTH} levels`);
    open.push(left);
    left = values;
  }
}

interface Token {
  /** Bytes of the type and its length. */
  readonly head: number;
  /** Bytes of content. */
  readonly body: number;
  /** Values inside: of an array its items, of a map its keys and values. */
  readonly values: number;
}

const scalar = (head: number, body = 0): Token => ({ head, body, values: 0 });
const group = (head: number, values: number): Token => ({ head, body: 0, values });

/** What stands at a position. Reading past the end throws a RangeError. */
function token(view: DataView, at: number): Token {
  const type = view.getUint8(at);
  if (type < 0x80 || type >= 0xe0) return scalar(1);
  if (type < 0x90) return group(1, (type & 15) * 2);
  if (type < 0xa0) return group(1, type & 15);
  if (type < 0xc0) return scalar(1, type & 31);
  switch (type) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return scalar(1);
    case 0xc4: // bytes
    case 0xd9: // text
      return scalar(2, view.getUint8(at + 1));
    case 0xc5:
    case 0xda:
      return scalar(3, view.getUint16(at + 1));
    case 0xc6:
    case 0xdb:
      return scalar(5, view.getUint32(at + 1));
    case 0xc7: // extension
      return extension(2, view.getUint8(at + 1), view, at);
    case 0xc8:
      return extension(3, view.getUint16(at + 1), view, at);
    case 0xc9:
      return extension(5, view.getUint32(at + 1), view, at);
    case 0xca: // float32, uint32, int32
    case 0xce:
    case 0xd2:
      return scalar(1, 4);
    case 0xcb: // float64, uint64, int64
    case 0xcf:
    case 0xd3:
      return scalar(1, 8);
    case 0xcc:
    case 0xd0:
      return scalar(1, 1);
    case 0xcd:
    case 0xd1:
      return scalar(1, 2);
    case 0xd4: // extension of 1, 2, 4, 8 or 16 bytes
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return extension(1, 1 << (type - 0xd4), view, at);
    case 0xdc:
      return group(3, view.getUint16(at + 1));
    case 0xdd:
      return group(5, view.getUint32(at + 1));
    case 0xde:
      return group(3, view.getUint16(at + 1) * 2);
    case 0xdf:
      return group(5, view.getUint32(at + 1) * 2);
    default:
      throw new RangeError(`the byte ${type} begins no value`);
  }
}

function extension(head: number, body: number, view: DataView, at: number): Token {
  const kind = view.getUint8(at + head);
  if (!EXTENSIONS.has(kind)) throw new RangeError(`the extension ${kind} is none of graphvm's`);
  return scalar(head + 1, body);
}
