/** Field 1 of a `PreKeyWhisperMessage`, as a varint. */
const PRE_KEY_ID_TAG = (1 << 3) | 0;

/** Wire types of protobuf. */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/**
 * The id of the one-time pre-key of a `pkmsg`. It does not verify the message; the library does.
 *
 * @returns `undefined` when there is none, or the bytes are not such a message.
 */
export function preKeyIdIn(ciphertext: Uint8Array): number | undefined {
  // The first byte contains two versions.
  let at = 1;
  let found: number | undefined;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = ciphertext[at++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < ciphertext.length) {
    const tag = varint();
    const type = tag % 8;
    if (tag === PRE_KEY_ID_TAG) found = varint();
    else if (type === VARINT) varint();
    else if (type === FIXED64) at += 8;
    else if (type === FIXED32) at += 4;
    else if (type === DELIMITED) {
      // A separate statement, because `varint` changes `at`.
      const length = varint();
      at += length;
    } else return undefined;
    if (Number.isNaN(at)) return undefined;
  }
  // libsignal-node treats 0 as absent.
  return found !== undefined && found > 0 && found <= 0xffff_ffff ? found : undefined;
}
