const ENCODER = /* @__PURE__ */ new TextEncoder();

/**
 * Shared, because creating a decoder takes longer than decoding a name. `ignoreBOM` keeps the byte order
 * mark: without it, two different names decode to the same text.
 */
const DECODER = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether a text has a UTF-8 form: two texts with different lone surrogates would have the same bytes. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** The UTF-8 form of a text. Lone surrogates become U+FFFD: see `isWellFormed`. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return ENCODER.encode(text);
}

/**
 * Writes the UTF-8 form of a text into bytes that have room for it, three for each code unit.
 *
 * @returns Number of bytes written.
 */
export function encodeUtf8Into(text: string, into: Uint8Array): number {
  return ENCODER.encodeInto(text, into).written;
}

/** The text of bytes in UTF-8, a byte order mark included; `undefined` when they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return DECODER.decode(bytes);
  } catch {
    return undefined;
  }
}
