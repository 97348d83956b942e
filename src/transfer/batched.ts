import { joinBytes } from "../bytes/mod.ts";

/** Bytes that are handed on together: a step of an asynchronous iteration costs more than a small record. */
const BATCH_BYTES: number = 64 * 1_024;

/** Joins small pieces. */
export class Batch {
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  /** Adds a piece. Returns whether the batch is to be taken. */
  add(piece: Uint8Array): boolean {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    return this.#bytes >= BATCH_BYTES;
  }

  take(): Uint8Array {
    const bytes = joinBytes(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    return bytes;
  }
}
