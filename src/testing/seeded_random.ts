import { ArgumentRangeError } from "../errors/mod.ts";
import type { Random } from "../ports/mod.ts";

/**
 * Repeatable randomness: the same seed gives the same sequence on every runtime. A counter-and-shift
 * generator with a state of four 32-bit words, sufficient for tests.
 *
 * **Never use it outside tests**: anyone who knows or guesses the seed can compute keys drawn from it.
 *
 * @example
 * ```ts
 * import { SeededRandom } from "@holdfast/store/testing";
 *
 * const random = new SeededRandom(7);
 * const key = random.bytes(32);
 * const die = 1 + random.below(6);
 * if (key.length !== 32 || die > 6) throw new Error("not random at all");
 * ```
 */
export class SeededRandom implements Random {
  /** The seed, for messages of failing tests. */
  readonly seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /**
   * Starts the sequence of a seed.
   *
   * @param seed An integer. Its low 32 bits are used.
   * @throws {RangeError} When it is none.
   */
  constructor(seed: number) {
    if (!Number.isInteger(seed)) throw new ArgumentRangeError("create randomness: seed is not an integer");
    this.seed = seed;
    this.#a = seed | 0;
    this.#b = 0x9e3779b9 | 0;
    this.#c = 0x243f6a88 | 0;
    // Adjacent seeds differ in few bits. These rounds spread the difference through the state.
    for (let round = 0; round < 16; round += 1) this.uint32();
  }

  /** The next 32 bits, 0 … 2^32−1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** An integer, 0 … `limit` − 1. @throws {RangeError} When `limit` is not an integer from 1 to 2^32. */
  below(limit: number): number {
    if (!Number.isInteger(limit) || limit < 1 || limit > 2 ** 32) {
      throw new ArgumentRangeError("draw: limit is not an integer from 1 to 2^32");
    }
    return Math.floor((this.uint32() / 2 ** 32) * limit);
  }

  /** One of `items`. @throws {RangeError} When there is none. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("draw: nothing to pick from");
    return items[this.below(items.length)] as T;
  }

  /** True once in `odds` draws on average. */
  oneIn(odds: number): boolean {
    return this.below(odds) === 0;
  }

  /** `count` pseudo-random bytes, owned by the caller. Not fit for keys outside of tests. */
  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let index = 0; index < count; index += 1) bytes[index] = this.uint32() >>> 24;
    return bytes;
  }
}
