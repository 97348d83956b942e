import { describe, expect, test } from "vitest";
import { SeededRandom } from "../testing/mod.ts";
import { preKeyIdIn } from "./pre_key_message.ts";

function field(number: number, value: number | Uint8Array): number[] {
  const tag = (number << 3) | (typeof value === "number" ? 0 : 2);
  return typeof value === "number" ? [tag, ...varint(value)] : [tag, ...varint(value.length), ...value];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

describe("preKeyIdIn", () => {
  test("finds the id in any place among any fields", () => {
    const random = new SeededRandom(1);
    for (let round = 0; round < 500; round += 1) {
      const id = 1 + random.below(2 ** 24 - 1);
      const fields = [
        field(1, id),
        field(2, random.bytes(33)),
        field(3, random.bytes(33)),
        field(4, random.bytes(60 + random.below(300))),
        field(5, random.below(2 ** 31)),
        field(6, 1),
      ];
      // libsignal-node writes fields in numeric order, other clients in any order.
      const first = random.below(fields.length);
      const message = [...fields.slice(first), ...fields.slice(0, first)].flat();
      expect(preKeyIdIn(new Uint8Array([0x33, ...message])), `round ${round}`).toBe(id);
    }
  });

  test("returns undefined without an id or for a truncated message", () => {
    const message = [0x33, ...field(2, new Uint8Array(33)), ...field(6, 1)];
    expect(preKeyIdIn(new Uint8Array(message))).toBeUndefined();
    expect(preKeyIdIn(new Uint8Array([0x33, ...field(1, 0)]))).toBeUndefined();
    expect(preKeyIdIn(new Uint8Array([0x33, 0x08]))).toBeUndefined();
    expect(preKeyIdIn(new Uint8Array())).toBeUndefined();
  });
});
