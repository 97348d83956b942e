import type { OwnerGuard, Write } from "../backend/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import { ByteReader } from "./_byte_reader.ts";
import type { ByteWriter } from "./_byte_writer.ts";
import type { Codec } from "./codec.ts";
import { PROTOCOL } from "./protocol.ts";
import { COMMIT, READ, versionOf, type Wire, type WireMethod, type WireReadCall } from "./wire.ts";

/** Maximum number of items of an answer. */
const MAX_ANSWER_ITEMS = 2_000_000;

/** The side of a wire that calls: it encodes calls and decodes answers. A service does not bundle it. */
export class CallerWire {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /**
   * @param also Reads that are made after the commit.
   * @throws {TypeError} When a text is not well-formed.
   */
  encodeCommit(
    writes: readonly Write[],
    guard: OwnerGuard | undefined,
    also: readonly WireReadCall[] = [],
  ): Uint8Array {
    const wire = this.#wire;
    const writer = wire.begin();
    this.#writeReads(writer, also);
    writer.byte(COMMIT);
    wire.guard.encode(writer, guard);
    for (let start = 0; start < writes.length; ) {
      const { kind } = writes[start] as Write;
      let end = start + 1;
      while (writes[end]?.kind === kind) end += 1;
      writer.text(kind);
      writer.varint(end - start);
      const codec = wire.writeCodec(kind);
      const { length } = writer;
      codec.encode(writer, writes[start]);
      // Reserves memory at once, because writes of one kind have similar sizes and growing memory is copied.
      writer.expect((end - start) * (writer.length - length));
      for (start += 1; start < end; start += 1) codec.encode(writer, writes[start]);
    }
    return writer.bytes;
  }

  /** @param also Further reads of the same call. */
  encodeRead(method: WireMethod, args: readonly unknown[], also: readonly WireReadCall[] = []): Uint8Array {
    const writer = this.#wire.begin();
    this.#writeReads(writer, [{ method, args }, ...also]);
    return writer.bytes;
  }

  /** Rows changed by each write of a commit. @throws {CorruptError} When the bytes are not such an answer. */
  decodeCounts(bytes: Uint8Array): number[] {
    return this.#decode(this.#wire.counts, bytes);
  }

  /** @throws {CorruptError} When the bytes are not an answer to that read. */
  decodeAnswer(method: WireMethod, bytes: Uint8Array): unknown {
    return this.#decode(this.#wire.readCodec(method).answer, bytes);
  }

  #writeReads(writer: ByteWriter, reads: readonly WireReadCall[]): void {
    for (const { method, args } of reads) {
      writer.byte(READ);
      writer.text(method);
      for (const [index, codec] of this.#wire.readCodec(method).args.entries())
        codec.encode(writer, args[index]);
    }
  }

  #decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
    const reader = new ByteReader(bytes, { copies: true, maxItems: MAX_ANSWER_ITEMS });
    if (versionOf(reader) !== this.#wire.version)
      throw new CorruptError("decode answer: other protocol version");
    const value = codec.decode(reader);
    if (!reader.isAtEnd) throw new CorruptError("decode answer: trailing bytes");
    return value;
  }
}

/** The calling side of this release's protocol. */
export const CALLER_WIRE: CallerWire = /* @__PURE__ */ new CallerWire(PROTOCOL.wire);
