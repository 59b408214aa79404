// TextEncoder writes U+FFFD for a lone surrogate, so two different strings would get the same bytes. Such strings, which
// are rare, are written as WTF-8 (https://simonsapin.github.io/wtf-8/): each lone surrogate as three bytes. For every
// other string that is UTF-8.

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LONE_SURROGATE = /\p{Surrogate}/u;
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** The bytes of any string; different strings have different bytes. */
export function encodeText(text: string): Uint8Array {
  if (!LONE_SURROGATE.test(text)) return encoder.encode(text);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const match of text.matchAll(LONE_SURROGATES)) {
    const code = match[0].charCodeAt(0);
    parts.push(encoder.encode(text.slice(from, match.index)));
    parts.push(Uint8Array.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)));
    from = match.index + 1;
  }
  parts.push(encoder.encode(text.slice(from)));
  return new Uint8Array(Buffer.concat(parts));
}

/** Reads what `encodeText` wrote. Throws a TypeError for bytes it never writes. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return decodeLoneSurrogates(bytes);
  }
}

function decodeLoneSurrogates(bytes: Uint8Array): string {
  let text = "";
  let from = 0;
  for (let i = bytes.indexOf(0xed); i >= 0; i = bytes.indexOf(0xed, i + 1)) {
    if (i + 2 >= bytes.length || (bytes[i + 1]! & 0xe0) !== 0xa0 || (bytes[i + 2]! & 0xc0) !== 0x80) continue;
    text += decoder.decode(bytes.subarray(from, i));
    text += String.fromCharCode(0xd000 | ((bytes[i + 1]! & 63) << 6) | (bytes[i + 2]! & 63));
    from = i + 3;
  }
  text += decoder.decode(bytes.subarray(from));
  if (encodeText(text).length !== bytes.length) throw new TypeError("a pair of surrogates written one by one");
  return text;
}
