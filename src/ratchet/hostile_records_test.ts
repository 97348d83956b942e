/** Hostile bytes: each is rejected, with memory and time bounded by the length of the input. */
import { describe, expect, test } from "vitest";
import { joinBytes, sameBytes } from "../bytes/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import { DELIMITED, varintSize, WireWriter } from "../protobuf/mod.ts";
import { SenderKeyRecord } from "./sender_key_record.ts";
import { SessionRecord } from "./session_record.ts";

const DECODERS: [string, (bytes: Uint8Array) => { encode(): Uint8Array }][] = [
  ["session", (bytes) => SessionRecord.decode(bytes)],
  ["sender key", (bytes) => SenderKeyRecord.decode(bytes)],
];

const HOSTILE: [string, number[]][] = [
  ["a tag that is truncated", [0x8a]],
  ["a length that is truncated", [0x0a, 0x80]],
  ["a length beyond the end", [0x0a, 5, 1]],
  ["a length of 4 GB", [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ["a length of 2^63", [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ["a length beyond its message", [0x0a, 2, 0x22, 3, 0, 0, 0]],
  ["a varint of eleven bytes", [0xc0, 0x0c, ...new Array(10).fill(0x80), 0]],
  ["field number 0", [0x02, 0]],
  ["a field number beyond the greatest", [0xff, 0xff, 0xff, 0xff, 0x7f, 0]],
  ["a known field of the wrong wire type", [0x08, 1]],
  ["the begin of a group", [0xc3, 0x0c]],
  ["groups in groups", new Array(5_000).fill([0xc3, 0x0c]).flat()],
  ["the end of a group", [0xc4, 0x0c]],
  ["wire type 6", [0xc6, 0x0c]],
  ["64 bits that is truncated", [0xc1, 0x0c, 0, 0, 0, 0, 0, 0, 0]],
  ["32 bits that is truncated", [0xc5, 0x0c, 0, 0, 0]],
];

describe("record decoders with hostile bytes", () => {
  test.each(
    DECODERS.flatMap(([name, decode]) => HOSTILE.map(([what, bytes]) => ({ name, decode, what, bytes }))),
  )("reject $what ($name)", ({ decode, bytes }) => {
    expect(() => decode(Uint8Array.from(bytes))).toThrow(CorruptError);
  });

  /** A field of bytes. */
  function field(number: number, content: Uint8Array): Uint8Array {
    const tag = (number << 3) | DELIMITED;
    const writer = new WireWriter(varintSize(tag) + varintSize(content.length) + content.length);
    writer.bytesField(tag, content);
    return writer.bytes;
  }

  test("read a megabyte of unknown fields in linear time, in order", () => {
    // Copying all earlier fields for each one would take hours.
    const pairs = 200_000;
    const unknown = [0xc0, 0x0c, 0x01];
    const between = (known: number[]) =>
      Uint8Array.from(new Array(pairs).fill([...known, ...unknown]).flat());
    const kept = Uint8Array.from(new Array(pairs).fill(unknown).flat());

    const session = SessionRecord.decode(field(1, between([0x28, 1]))).encode();
    expect(sameBytes(session, field(1, joinBytes([Uint8Array.of(0x28, 1), kept])))).toBe(true);

    const chainKey = field(2, field(2, new Uint8Array(32)));
    const signingKey = field(3, field(1, new Uint8Array(32)));
    const groupState = joinBytes([between([0x08, 1]), chainKey, signingKey]);
    const [state] = SenderKeyRecord.decode(field(1, groupState)).states;
    expect(sameBytes(state?.parts.unknown.state ?? chainKey, kept)).toBe(true);
  });

  test("skip unknown fields of any nesting without decoding them", () => {
    let nested = new Uint8Array(0);
    for (let depth = 0; depth < 2_000; depth++) nested = new Uint8Array(field(200, nested));
    for (const [, decode] of DECODERS) expect(sameBytes(decode(nested).encode(), nested)).toBe(true);
  });

  test("read 32-bit numbers and both forms of negative ones", () => {
    const pending = (...signedPreKeyId: number[]) =>
      field(1, field(9, Uint8Array.of(0x18, ...signedPreKeyId)));
    const read = (bytes: Uint8Array) => SessionRecord.decode(bytes).current?.pendingPreKey?.signedPreKeyId;
    const ones = (count: number) => new Array<number>(count).fill(0xff);
    expect(read(pending(...ones(9), 0x01))).toBe(-1);
    expect(read(pending(...ones(4), 0x0f))).toBe(-1);
    expect(read(pending(...ones(4), 0x07))).toBe(2 ** 31 - 1);
    expect(() => read(pending(...ones(8), 0x7f))).toThrow(CorruptError);
    expect(() => read(pending(...ones(4), 0x1f))).toThrow(CorruptError);
    const counter = (...bytes: number[]) =>
      SessionRecord.decode(field(1, Uint8Array.of(0x28, ...bytes))).current?.previousCounter;
    expect(counter(...ones(4), 0x0f)).toBe(0xffff_ffff);
    expect(counter(0x81, 0x80, 0x00)).toBe(1);
    expect(() => counter(...ones(4), 0x1f)).toThrow(CorruptError);
  });
});
