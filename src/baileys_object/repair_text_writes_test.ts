import { describe, expect, test } from "vitest";
import { type BufferClass, repairTextWrites, type TextWriter } from "./repair_text_writes.ts";

const TEXT = "a text of forty characters, and some more";

/** A buffer whose `utf8Write` takes its arguments as workerd does. */
class StrictBuffer extends Uint8Array {
  utf8Write(text: string, offset = 0, length: number = this.length): number {
    if (length > this.length - offset) throw new RangeError('The value of "length" is out of range');
    return Buffer.from(this.buffer).write(text, offset, length, "utf8");
  }

  static alloc(length: number): StrictBuffer {
    return new StrictBuffer(length);
  }
}

describe("repairTextWrites", () => {
  test("writes a text behind an offset where the host refuses it", () => {
    const { prototype } = StrictBuffer;
    expect(() => new StrictBuffer(50).utf8Write(TEXT, 2)).toThrow("out of range");
    repairTextWrites(StrictBuffer);
    const buffer = new StrictBuffer(50);
    expect(buffer.utf8Write(TEXT, 2)).toBe(TEXT.length);
    expect(new TextDecoder().decode(buffer.subarray(2, 2 + TEXT.length))).toBe(TEXT);
    // A length that is passed stays.
    expect(buffer.utf8Write(TEXT, 0, 5)).toBe(5);
    const { utf8Write } = prototype;
    repairTextWrites(StrictBuffer);
    expect(prototype.utf8Write).toBe(utf8Write);
  });

  test("leaves a host alone that writes it, or has no such method", () => {
    const { utf8Write } = Buffer.prototype as TextWriter;
    repairTextWrites(Buffer as unknown as BufferClass);
    expect((Buffer.prototype as TextWriter).utf8Write).toBe(utf8Write);
    const prototype = {};
    repairTextWrites({ prototype, alloc: () => prototype });
    expect(prototype).toEqual({});
  });
});
