/**
 * MD5 (RFC 1321). Some notifications name a user by a short hash of it. It protects nothing: for anything
 * that must not be forged use SHA-256.
 */

/** Rotations of the four rounds, in turn. */
const ROTATIONS: readonly (readonly number[])[] = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
];

const BLOCK_BYTES = 64;
/** The length in bits at the end of the padding. */
const LENGTH_BYTES = 8;

/** The digest of a message shorter than 512 MB, 16 bytes. */
export function md5(message: Uint8Array): Uint8Array {
  const blocks = Math.floor((message.length + LENGTH_BYTES) / BLOCK_BYTES) + 1;
  const padded = new Uint8Array(blocks * BLOCK_BYTES);
  padded.set(message);
  padded[message.length] = 0x80;
  const words = new DataView(padded.buffer);
  words.setUint32(padded.length - LENGTH_BYTES, 8 * message.length, true);
  let state: State = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let at = 0; at < padded.length; at += BLOCK_BYTES) state = afterBlock(state, words, at);
  const digest = new Uint8Array(16);
  const out = new DataView(digest.buffer);
  for (const [index, word] of state.entries()) out.setUint32(4 * index, word, true);
  return digest;
}

type State = readonly [number, number, number, number];

function afterBlock(state: State, words: DataView, at: number): State {
  let [a, b, c, d] = state;
  for (let step = 0; step < 64; step += 1) {
    const round = step >>> 4;
    const [mixed, place] = mix(round, step, [b, c, d]);
    const constant = Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32);
    const sum = (a + mixed + constant + words.getUint32(at + 4 * (place & 15), true)) | 0;
    const by = ROTATIONS[round]?.[step & 3] ?? 0;
    [a, d, c, b] = [d, c, b, (b + ((sum << by) | (sum >>> (32 - by)))) | 0];
  }
  return [(state[0] + a) | 0, (state[1] + b) | 0, (state[2] + c) | 0, (state[3] + d) | 0];
}

/** The function of a round, and the word of the block that its step takes. */
function mix(round: number, step: number, [b, c, d]: readonly [number, number, number]): [number, number] {
  switch (round) {
    case 0:
      return [(b & c) | (~b & d), step];
    case 1:
      return [(d & b) | (~d & c), 5 * step + 1];
    case 2:
      return [b ^ c ^ d, 3 * step + 5];
    default:
      return [c ^ (b | ~d), 7 * step];
  }
}
