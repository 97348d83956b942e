import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { READ_METHODS, READS, WRITE_KINDS, WRITES } from "../backend/mod.ts";
import { isWellFormed } from "../bytes/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import {
  flag,
  integer,
  list,
  map,
  object,
  optional,
  type Rule,
  text,
  tuple,
  uint64,
  value,
} from "../rules/mod.ts";
import { draw, drawFull } from "../testing/conformance/draw.ts";
import { SeededRandom } from "../testing/mod.ts";
import { ByteReader } from "./_byte_reader.ts";
import { ByteWriter } from "./_byte_writer.ts";
import { codecOf } from "./codec.ts";

function encode(rule: Rule, given: unknown, version = 1): Uint8Array {
  const writer = new ByteWriter();
  codecOf(rule, version).encode(writer, given);
  return writer.bytes;
}

function decode(rule: Rule, bytes: Uint8Array, version = 1): unknown {
  const reader = new ByteReader(bytes, { copies: true, maxItems: 100 });
  const decoded = codecOf(rule, version).decode(reader);
  expect(reader.isAtEnd).toBe(true);
  return decoded;
}

function roundTrip(rule: Rule, given: unknown): unknown {
  return decode(rule, encode(rule, given));
}

describe("codecOf", () => {
  const random = new SeededRandom(1);
  const rules: readonly (readonly [string, Rule])[] = [
    ...WRITE_KINDS.map((kind) => [kind, object(WRITES[kind].fields as never)] as const),
    ...READ_METHODS.map((method) => [method, READS[method].answer] as const),
  ];

  test.each(rules)("round-trips every value of %s", (_name, rule) => {
    for (let round = 0; round < 40; round += 1) {
      const given = round % 4 === 0 ? drawFull(rule, { random, nowS: 9 }) : draw(rule, { random, nowS: 9 });
      expect(roundTrip(rule, given)).toEqual(given);
    }
  });

  test("round-trips integers up to 53 bits, with signs if allowed", () => {
    const unsigned = integer("count");
    const signed = integer("count", { min: Number.MIN_SAFE_INTEGER });
    fc.assert(
      fc.property(fc.maxSafeInteger(), (given) => {
        expect(roundTrip(unsigned, Math.abs(given))).toBe(Math.abs(given));
        expect(roundTrip(signed, given)).toBe(given);
      }),
    );
    for (const given of [0, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      expect(roundTrip(unsigned, given)).toBe(given);
    }
    for (const given of [-1, 0.5, Number.NaN, 2 ** 53, "1", undefined]) {
      expect(() => encode(unsigned, given)).toThrow(TypeError);
    }
  });

  test("round-trips texts and rejects lone surrogates", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (given) => {
        fc.pre(isWellFormed(given));
        expect(roundTrip(text("word"), given)).toBe(given);
      }),
    );
    for (const given of ["\ufeffmark", "a".repeat(2_000), `${"a".repeat(63)}é`]) {
      expect(roundTrip(text("word"), given)).toBe(given);
    }
    for (const given of ["\ud800", "a\udc00"]) expect(() => encode(text("word"), given)).toThrow(TypeError);
  });

  test("round-trips 64-bit integers", () => {
    for (const given of [0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n])
      expect(roundTrip(uint64(), given)).toBe(given);
  });

  test("omits parts newer than the version", () => {
    interface Sample {
      readonly id: number;
      readonly note: string | undefined;
    }
    const rule = object<Sample>({ id: integer("count"), note: optional(text("word"), { since: 2 }) });
    const older = encode(rule, { id: 1, note: "new" }, 1);
    expect(decode(rule, older, 1)).toEqual({ id: 1, note: undefined });
    expect(decode(rule, encode(rule, { id: 1, note: "new" }, 2), 2)).toEqual({ id: 1, note: "new" });
    expect(older).toEqual(encode(object<{ id: number }>({ id: integer("count") }), { id: 1 }, 1));
  });
});

describe("Codec.decode", () => {
  const WHOLE = object<{ readonly all: unknown }>({
    all: list(
      tuple(text("word"), map(text("word"), value("value")), optional(flag()), integer("count"), uint64()),
    ),
  });

  test("throws only CorruptError for hostile bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          codecOf(WHOLE, 1).decode(new ByteReader(bytes, { copies: false, maxItems: 10 }));
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptError);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test.each<[string, Rule, readonly number[]]>([
    ["a flag that is neither", flag(), [2]],
    ["a number of more than 53 bits", integer("count"), [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]],
    ["a number without end", integer("count"), Array.from({ length: 12 }, () => 0xff)],
    ["a number that is not in its shortest form", integer("count"), [0x81, 0]],
    ["a text that is not UTF-8", text("word"), [2, 0xc3, 0x28]],
    ["a length beyond the end", value("value"), [5, 1, 2]],
    ["more items than bytes", list(flag()), [3, 1, 1]],
    ["more items than are allowed", list(flag()), [101, ...Array.from({ length: 101 }, () => 1)]],
    ["a name that occurs twice", map(text("word"), flag()), [2, 1, 97, 0, 1, 97, 1]],
    ["an empty object that is not 0", object<object>({}), [1]],
    ["no bytes", flag(), []],
  ])("refuses %s", (_name, rule, bytes) => {
    expect(() => decode(rule, new Uint8Array(bytes))).toThrow(CorruptError);
  });

  test("returns copies or views of bytes by the reader's option", () => {
    const rule = value("value");
    const body = Buffer.from(encode(rule, Uint8Array.of(1, 2, 3)));
    const codec = codecOf<Uint8Array>(rule, 1);
    const [copy, view] = [true, false].map((copies) =>
      codec.decode(new ByteReader(body, { copies, maxItems: 0 })),
    );
    body.fill(9);
    expect(copy).toStrictEqual(Uint8Array.of(1, 2, 3));
    expect(view).toStrictEqual(Uint8Array.of(9, 9, 9));
  });
});

describe("ByteWriter", () => {
  test("grows as needed", () => {
    const writer = new ByteWriter();
    const pieces = [1, 600, 5_000, 31, 33].map((length, index) => new Uint8Array(length).fill(index + 1));
    for (const piece of pieces) writer.delimited(piece);
    const reader = new ByteReader(writer.bytes, { copies: false, maxItems: 0 });
    for (const piece of pieces) expect(reader.delimited()).toEqual(piece);
    expect(reader.isAtEnd).toBe(true);
  });
});
