const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const INVALID = 0xff;

/** Code of `=`. */
const PADDING = 61;

/** Sextet by character code; accepts both alphabets of RFC 4648 (`+/` and `-_`). */
const SEXTETS: Uint8Array = sextets();

/** Character codes of the alphabet. */
const CODES: Uint8Array = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));

/** Bytes of one piece of a text: a call takes an argument for each character. */
const PIECE_BYTES = 3_072;

/**
 * Writes bytes as base64 (RFC 4648 §4, with padding). Some clients write a session in base64 with every
 * message, so speed matters. A text that is concatenated from its pairs takes half as long again, and is a
 * tree with ten times the memory until it is read.
 */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += PIECE_BYTES)
    text += encodePiece(bytes, start, Math.min(bytes.length, start + PIECE_BYTES));
  return text;
}

function encodePiece(bytes: Uint8Array, start: number, end: number): string {
  // A list that grows leaves three times its size behind.
  const codes = new Array<number>(Math.ceil((end - start) / 3) * 4);
  let written = 0;
  for (let at = start; at < end; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    codes[written++] = CODES[group >>> 18] as number;
    codes[written++] = CODES[(group >>> 12) & 63] as number;
    codes[written++] = at + 1 < end ? (CODES[(group >>> 6) & 63] as number) : PADDING;
    codes[written++] = at + 2 < end ? (CODES[group & 63] as number) : PADDING;
  }
  return String.fromCharCode(...codes);
}

/**
 * Reads base64, in either alphabet of RFC 4648, with or without padding.
 *
 * @returns The bytes, owned by the caller; `undefined` when the text is not base64.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  let length = text.length;
  if (length % 4 === 0) {
    while (length > 0 && text.length - length < 2 && text.charCodeAt(length - 1) === PADDING) length--;
  }
  if (length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let at = 0;
  let bits = 0;
  let buffered = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    const sextet = code < 128 ? (SEXTETS[code] ?? INVALID) : INVALID;
    if (sextet === INVALID) return undefined;
    buffered = ((buffered << 6) | sextet) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = buffered >>> bits;
    }
  }
  // The encoder leaves the bits after the last byte zero; otherwise the text is damaged.
  return (buffered & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}

function sextets(): Uint8Array {
  const table = new Uint8Array(128).fill(INVALID);
  for (let i = 0; i < ALPHABET.length; i++) table[ALPHABET.charCodeAt(i)] = i;
  table[45] = 62;
  table[95] = 63;
  return table;
}
