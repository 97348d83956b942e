const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const INVALID = 0xff;

/** Sextet by character code; accepts both alphabets of RFC 4648 (`+/` and `-_`). */
const SEXTETS: Uint8Array = sextets();

/**
 * Two characters for each 12-bit value. Some clients write a session in base64 with every message, so speed
 * matters.
 */
const PAIRS: readonly string[] = Array.from(
  { length: 4_096 },
  (_, bits) => `${ALPHABET[bits >>> 6]}${ALPHABET[bits & 63]}`,
);

/** Writes bytes as base64 (RFC 4648 §4, with padding). */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  const whole = bytes.length - (bytes.length % 3);
  for (let i = 0; i < whole; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += PAIRS[group >>> 12];
    text += PAIRS[group & 4_095];
  }
  const rest = bytes.length - whole;
  if (rest === 0) return text;
  const group = ((bytes[whole] ?? 0) << 16) | ((bytes[whole + 1] ?? 0) << 8);
  return `${text}${PAIRS[group >>> 12]}${rest === 1 ? "=" : ALPHABET[(group >>> 6) & 63]}=`;
}

/**
 * Reads base64, in either alphabet of RFC 4648, with or without padding.
 *
 * @returns The bytes, owned by the caller; `undefined` when the text is not base64.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  let length = text.length;
  if (length % 4 === 0) {
    while (length > 0 && text.length - length < 2 && text.charCodeAt(length - 1) === 61) length--;
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
