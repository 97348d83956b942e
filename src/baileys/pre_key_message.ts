/** Field 1 of a `PreKeyWhisperMessage`, as a varint. */
const PRE_KEY_ID_TAG = (1 << 3) | 0;

/** Wire types of protobuf. */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/**
 * The id of the one-time pre-key that a `pkmsg` was made with. Whether the message is genuine is for the
 * library to find out.
 *
 * @returns `undefined` when it names none, or is no such message.
 */
export function preKeyIdIn(ciphertext: Uint8Array): number | undefined {
  // A byte with two versions stands in front.
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
      // Read first: it moves `at` itself.
      const length = varint();
      at += length;
    } else return undefined;
    if (Number.isNaN(at)) return undefined;
  }
  // libsignal-node takes 0 for none.
  return found !== undefined && found > 0 && found <= 0xffff_ffff ? found : undefined;
}
