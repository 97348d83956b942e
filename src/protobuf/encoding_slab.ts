/** Gives memory of so many bytes to be written to, all zero. It is the caller's own. */
export type Allocate = (bytes: number) => Uint8Array;

/** Memory for one result alone. */
export const allocateAlone: Allocate = (bytes) => new Uint8Array(bytes);

/** Most memory that is allocated at once for several results, in bytes. */
const MAX_PIECE_BYTES = 65_536;

/**
 * Memory for what one flush encodes, in few large pieces: an allocation for each of a thousand records takes
 * a tenth of the time of their flush. A piece is let go when the last of its results is.
 */
export class EncodingSlab {
  #piece = allocateAlone(0);
  #used = 0;
  #expectedBytes: number;

  /**
   * @param expectedBytes What all results will take together, as far as it is known: no more is allocated
   * beforehand.
   */
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
