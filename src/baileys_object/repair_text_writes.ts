/** The part of a buffer that is repaired. */
export interface TextWriter {
  readonly length?: number;
  utf8Write?(text: string, offset?: number, length?: number): number;
}

/** The part of the class `Buffer` that is used. */
export interface BufferClass {
  readonly prototype: TextWriter;
  alloc(length: number): TextWriter;
}

/**
 * Makes `buffer.utf8Write(text, offset)` write up to the end of the buffer, as Node does. workerd (2026-11)
 * takes the length of the whole buffer where none is passed, and refuses it as out of range. protobufjs calls
 * it so for each text of 40 characters or more: Baileys could neither send such a text nor media in an object.
 */
export function repairTextWrites(host: BufferClass): void {
  const { prototype } = host;
  const { utf8Write } = prototype;
  try {
    host.alloc(2).utf8Write?.("x", 1);
  } catch {
    prototype.utf8Write = function (
      this: TextWriter,
      text,
      offset = 0,
      length = (this.length ?? 0) - offset,
    ) {
      return utf8Write?.call(this, text, offset, length) ?? 0;
    };
  }
}
