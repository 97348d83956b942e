/** Returns zeroed memory of this many bytes, owned by the caller. */
export type Allocate = (bytes: number) => Uint8Array;

/** Allocates each result separately. */
export const allocateAlone: Allocate = (bytes) => new Uint8Array(bytes);

/** Maximum size of one piece of memory for several results, in bytes. */
const MAX_PIECE_BYTES = 65_536;

/**
 * Memory for the records that one flush encodes, in few large pieces: separate allocations for a thousand
 * records take a tenth of the flush's time. A piece stays allocated while any of its results is in use.
 */
export class EncodingSlab {
  #piece = allocateAlone(0);
  #used = 0;
  #expectedBytes: number;

  /** @param expectedBytes Estimated size of all results. The slab allocates no more in advance. */
  constructor(expectedBytes: number) {
    this.#expectedBytes = expectedBytes;
  }

  readonly allocate: Allocate = (bytes) => {
    if (bytes > this.#piece.length - this.#used) {
      this.#piece = allocateAlone(Math.max(bytes, Math.min(MAX_PIECE_BYTES, this.#expectedBytes)));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += bytes;
    this.#expectedBytes -= bytes;
    return this.#piece.subarray(start, this.#used);
  };
}
