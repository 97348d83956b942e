import { describe, expect, test } from "vitest";
import { hexOf } from "../bytes/mod.ts";
import { CountedHeads, type LifeInputs, lifeKey, lifeName } from "./life.ts";

const INPUTS: LifeInputs = {
  incarnation: new Uint8Array(16).fill(1),
  ownerEpoch: 1,
  startedAtMs: 1_000,
  machineId: "a",
};

const OTHERS: Record<keyof LifeInputs, LifeInputs> = {
  incarnation: { ...INPUTS, incarnation: new Uint8Array(16).fill(2) },
  ownerEpoch: { ...INPUTS, ownerEpoch: 2 },
  startedAtMs: { ...INPUTS, startedAtMs: 1_001 },
  machineId: { ...INPUTS, machineId: "b" },
};

describe("lifeName and lifeKey", () => {
  test.each(Object.entries(OTHERS))("another %s gives another name and key", (_input, other) => {
    const root = new Uint8Array(32);
    expect(lifeName(other)).not.toEqual(lifeName(INPUTS));
    expect(lifeKey(root, lifeName(other))).not.toEqual(lifeKey(root, lifeName(INPUTS)));
  });

  test("a later life derives the key from the name", () => {
    const root = new Uint8Array(32).fill(9);
    expect(lifeKey(root, lifeName(INPUTS))).toEqual(lifeKey(root, lifeName({ ...INPUTS })));
    expect(lifeKey(new Uint8Array(32), lifeName(INPUTS))).not.toEqual(lifeKey(root, lifeName(INPUTS)));
  });
});

test("CountedHeads.next never repeats", () => {
  const heads = new CountedHeads(Uint8Array.of(1, 2));
  const seen = new Set(Array.from({ length: 1_000 }, () => hexOf(heads.next())));
  expect(seen.size).toBe(1_000);
  expect([...seen].every((head) => head.startsWith("0102"))).toBe(true);
  expect(heads.used).toBe(1_000);
});
