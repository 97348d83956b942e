import { SeededRandom } from "../../../src/testing/mod.ts";

/** Randomness whose place in its sequence can be read and set, so that a step can draw again what it drew. */
export class StepRandom extends SeededRandom {
  #sequence: SeededRandom;
  #drawn = 0;

  constructor(seed: number) {
    super(seed);
    this.#sequence = new SeededRandom(seed);
  }

  /** Numbers that were drawn so far. */
  get drawn(): number {
    return this.#drawn;
  }

  /** Goes to the place after `drawn` numbers. */
  seek(drawn: number): void {
    if (drawn < this.#drawn) {
      this.#sequence = new SeededRandom(this.seed);
      this.#drawn = 0;
    }
    while (this.#drawn < drawn) this.uint32();
  }

  override uint32(): number {
    // The constructor of the class above draws.
    if (!(#sequence in this)) return super.uint32();
    this.#drawn += 1;
    return this.#sequence.uint32();
  }
}
