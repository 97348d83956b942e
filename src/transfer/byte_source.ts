import { isBytes, joinBytes } from "../bytes/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";

/** Takes bytes by number from pieces of any size. Holds one piece, and what was asked for. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #ended = false;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** The next bytes, fewer only at the end. Valid until the source of the pieces reuses them. */
  async take(count: number): Promise<Uint8Array> {
    while (this.#heldBytes < count && !this.#ended) {
      const { done, value } = await this.#pieces.next();
      if (done === true) {
        this.#ended = true;
        break;
      }
      if (!isBytes(value)) throw new ArgumentTypeError("read transfer file: a piece is not a Uint8Array");
      if (value.length === 0) continue;
      // A plain view: `slice` of a Buffer copies nothing.
      this.#held.push(new Uint8Array(value.buffer, value.byteOffset, value.length));
      this.#heldBytes += value.length;
    }
    const all = this.#held.length === 1 ? (this.#held[0] as Uint8Array) : joinBytes(this.#held);
    const taken = all.subarray(0, count);
    const rest = all.subarray(taken.length);
    this.#held = rest.length === 0 ? [] : [rest];
    this.#heldBytes = rest.length;
    return taken;
  }

  /** Ends the source of the pieces early. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#pieces.return?.();
  }
}
