import { CorruptError } from "../errors/mod.ts";

/**
 * Most fields of all messages in one call: each takes two bytes or more on the wire, and a hundred in memory. A write has some
 * thirty, and a body of the greatest size that a service reads has hardly more than these.
 */
const MAX_PARTS = 2_000_000;

/** How deep messages may lie in each other; who decodes them allows as many. */
const MAX_DEPTH = 64;

const LENGTH_DELIMITED = 2;

/** The messages of `proto/holdfast/v1/plain_value.proto`: which of their fields hold which messages. */
const FIELDS = {
  value: { 6: "list", 7: "entries", 8: "entries" },
  list: { 1: "value" },
  entries: { 1: "entry" },
  entry: { 2: "value" },
} as const satisfies Record<string, Readonly<Record<number, string>>>;

type Message = keyof typeof FIELDS;

/**
 * Refuses a call of more parts than any has, before it is decoded: a body of some megabytes could else take gigabytes. Bytes
 * that are malformed in another way are left to whoever decodes them.
 *
 * @throws {CorruptError} When there are more than two million.
 */
export function requireFewParts(bytes: Uint8Array): void {
  /** The messages around the present place, innermost last. */
  const around: { readonly message: Message; readonly end: number }[] = [
    { message: "value", end: bytes.length },
  ];
  const wire = new Wire(bytes);
  let parts = 0;
  for (let inner = around.at(-1); inner !== undefined; inner = around.at(-1)) {
    if (wire.pos >= inner.end) {
      around.pop();
      continue;
    }
    parts += 1;
    if (parts > MAX_PARTS) throw new CorruptError(`decode call: more than ${MAX_PARTS} parts`);
    const tag = wire.varint();
    const length = wire.skip(tag % 8);
    if (length === undefined || around.length > MAX_DEPTH) return;
    const fields: Readonly<Record<number, Message>> = FIELDS[inner.message];
    const message = tag % 8 === LENGTH_DELIMITED ? fields[Math.floor(tag / 8)] : undefined;
    if (message === undefined) wire.pos += length;
    else around.push({ message, end: Math.min(wire.pos + length, inner.end) });
  }
}

class Wire {
  pos = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    while (this.pos < this.#bytes.length) {
      const byte = this.#bytes[this.pos] ?? 0;
      this.pos += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    return value;
  }

  /** Moves behind a field of a fixed size, or in front of the content of another, whose length it answers. */
  skip(wireType: number): number | undefined {
    switch (wireType) {
      case 0:
        this.varint();
        return 0;
      case 1:
        this.pos += 8;
        return 0;
      case LENGTH_DELIMITED:
        return this.varint();
      case 5:
        this.pos += 4;
        return 0;
      default:
        return undefined;
    }
  }
}
