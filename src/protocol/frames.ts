import { CorruptError } from "../errors/mod.ts";

/** Size of a frame's header: its length, big-endian. */
const HEADER_BYTES = 4;

/** Maximum size of a frame, in bytes. 500 mappings take at most a few hundred kilobytes. */
const MAX_FRAME_BYTES = 4 * 1_024 * 1_024;

/** Builds a frame: the content after its length. */
export function frameOf(content: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + content.length);
  new DataView(frame.buffer).setUint32(0, content.length);
  frame.set(content, HEADER_BYTES);
  return frame;
}

/** The contents of whole frames. @throws {CorruptError} When the bytes are not frames. */
export function framesOf(bytes: Uint8Array): Uint8Array[] {
  const contents: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < bytes.length; ) {
    const end = start + HEADER_BYTES + (start + HEADER_BYTES <= bytes.length ? view.getUint32(start) : 0);
    if (end > bytes.length) throw new CorruptError("read frame: cut off");
    contents.push(bytes.subarray(start + HEADER_BYTES, end));
    start = end;
  }
  return contents;
}

/**
 * Reads the contents of frames from pieces of any size. @throws {CorruptError} When the pieces are not
 * frames.
 */
export async function* contentsOf(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let held = new Uint8Array(0);
  for await (const piece of pieces) {
    const joined = new Uint8Array(held.length + piece.length);
    joined.set(held);
    joined.set(piece, held.length);
    held = joined;
    for (;;) {
      if (held.length < HEADER_BYTES) break;
      const length = new DataView(held.buffer, held.byteOffset).getUint32(0);
      if (length > MAX_FRAME_BYTES) throw new CorruptError("read frame: too long");
      if (held.length < HEADER_BYTES + length) break;
      yield held.slice(HEADER_BYTES, HEADER_BYTES + length);
      held = held.slice(HEADER_BYTES + length);
    }
  }
  if (held.length > 0) throw new CorruptError("read frame: cut off");
}
