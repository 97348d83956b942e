/**
 * The framing below the encryption: an intro once per connection, then frames with a three-byte length.
 * @module
 */

import { NOISE_WA_HEADER } from "baileys";

const LENGTH_BYTES = 3;
const EDGE_ROUTING_TAG = "ED";
const EDGE_ROUTING_HEADER_BYTES = 7;

/** Splits a byte stream into frames. */
export class FrameReader {
  #buffered: Buffer = Buffer.alloc(0);
  #introRead = false;

  /** Adds bytes and returns the frames that are now complete, in order. @throws Error on a foreign intro. */
  push(bytes: Uint8Array): Uint8Array[] {
    this.#buffered = Buffer.concat([this.#buffered, bytes]);
    const frames: Uint8Array[] = [];
    if (!this.#introRead && !this.#readIntro()) return frames;
    while (this.#buffered.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#buffered.readUIntBE(0, LENGTH_BYTES);
      if (this.#buffered.length < end) break;
      frames.push(Uint8Array.from(this.#buffered.subarray(LENGTH_BYTES, end)));
      this.#buffered = this.#buffered.subarray(end);
    }
    return frames;
  }

  #readIntro(): boolean {
    const bytes = this.#buffered;
    let start = 0;
    if (bytes.subarray(0, 2).toString("latin1") === EDGE_ROUTING_TAG) {
      if (bytes.length < EDGE_ROUTING_HEADER_BYTES) return false;
      start = EDGE_ROUTING_HEADER_BYTES + bytes.readUIntBE(4, 3);
    }
    const end = start + NOISE_WA_HEADER.length;
    if (bytes.length < end) return false;
    if (!NOISE_WA_HEADER.equals(bytes.subarray(start, end))) throw new Error("read frames: unknown intro");
    this.#buffered = bytes.subarray(end);
    this.#introRead = true;
    return true;
  }
}

/** Encodes one frame for the wire. */
export function writeFrame(payload: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(LENGTH_BYTES + payload.length);
  frame.writeUIntBE(payload.length, 0, LENGTH_BYTES);
  frame.set(payload, LENGTH_BYTES);
  return frame;
}
