/**
 * Small helpers for bytes and texts that every room may use.
 *
 * @module
 */
export { decodeBase64, encodeBase64 } from "./base64.ts";
export { compareText } from "./compare_text.ts";
export { decodeHex, hexOf } from "./hex.ts";
export { includesBytes } from "./includes_bytes.ts";
export { isBytes } from "./is_bytes.ts";
export { joinBytes } from "./join_bytes.ts";
export { sameBytes, sameSecret } from "./same_bytes.ts";
export { isSealed, SEALED_MARK } from "./sealed_form.ts";
export {
  KEY_BYTES,
  KEY_TYPE,
  MAX_KEY_ID,
  MAX_UINT32,
  PUBLIC_KEY_BYTES,
  prefixedKey,
  SIGNATURE_BYTES,
} from "./signal_key.ts";
export { decodeUtf8, encodeUtf8, encodeUtf8Into, isWellFormed } from "./utf8.ts";
