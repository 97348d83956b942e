import { describe, expect, test } from "vitest";
import { HOSTILE_TEXTS } from "../testing/conformance/samples.ts";
import { compareText } from "./mod.ts";

function compareUtf8(a: string, b: string): number {
  const [left, right] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  const index = left.findIndex((byte, at) => byte !== right[at]);
  return index === -1 ? left.length - right.length : (left[index] ?? 0) - (right[index] ?? -1);
}

describe("compareText", () => {
  test("orders texts as their UTF-8 bytes", () => {
    const texts = [...HOSTILE_TEXTS, "", "a", "\u{10000}", "\ue000", "\ud7ff", "\ud7ff\ue000"];
    for (const a of texts) {
      for (const b of texts) {
        expect(Math.sign(compareText(a, b)), JSON.stringify([a, b])).toBe(Math.sign(compareUtf8(a, b)));
      }
    }
  });
});
