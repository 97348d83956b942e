import { describe, expect, test } from "vitest";
import { copyOf } from "./copy.ts";
import { flag, list, map, object, optional, text, tuple, value } from "./rule.ts";

interface Sample {
  readonly bytes: Uint8Array;
  readonly parts: readonly (readonly [boolean, Uint8Array])[];
  readonly named: ReadonlyMap<string, Uint8Array>;
  readonly absent: string | undefined;
}

const copy = copyOf(
  object<Sample>({
    bytes: value("bytes"),
    parts: list(tuple<readonly [boolean, Uint8Array]>(flag(), value("part"))),
    named: map(text("word"), value("named")),
    absent: optional(text("word")),
  }),
);

describe("copyOf", () => {
  test("shares no bytes and omits members that the rule lacks", () => {
    const sample = {
      bytes: Buffer.from([1]),
      parts: [[true, Uint8Array.of(2)]] as const,
      named: new Map([["__proto__", Uint8Array.of(3)]]),
      absent: undefined,
      stranger: "x",
    };
    const copied = copy(sample);
    sample.bytes.fill(9);
    sample.parts[0][1].fill(9);
    sample.named.get("__proto__")?.fill(9);
    expect(copied).toStrictEqual({
      bytes: Uint8Array.of(1),
      parts: [[true, Uint8Array.of(2)]],
      named: new Map([["__proto__", Uint8Array.of(3)]]),
      absent: undefined,
    });
  });
});
