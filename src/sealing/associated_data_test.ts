import { expect, test } from "vitest";
import type { ValuePlace } from "../backend/mod.ts";
import { hexOf } from "../bytes/mod.ts";
import { PlaceEncoder } from "./associated_data.ts";

const PLACE: ValuePlace = {
  table: "session",
  key: ["1@lid.0"],
  name: "record",
  entry: undefined,
  lease: { reservedUntil: 5, incarnation: "ab", burned: 0 },
};

const lease = PLACE.lease as NonNullable<ValuePlace["lease"]>;

const OTHERS: readonly ValuePlace[] = [
  PLACE,
  { ...PLACE, table: "senderKey" },
  { ...PLACE, key: ["2@lid.0"] },
  { ...PLACE, key: ["1@lid.0", ""] },
  { ...PLACE, key: [Uint8Array.of(1)] },
  { ...PLACE, key: [Uint8Array.of(2)] },
  { ...PLACE, key: ["\u00e9".repeat(1_024)] },
  { ...PLACE, key: ["\u00e9".repeat(1_023)] },
  { ...PLACE, name: "other" },
  { ...PLACE, entry: "" },
  { ...PLACE, entry: "a" },
  { ...PLACE, lease: undefined },
  { ...PLACE, lease: { ...lease, reservedUntil: 6 } },
  { ...PLACE, lease: { ...lease, incarnation: "ac" } },
  { ...PLACE, lease: { ...lease, burned: 1 } },
];

test("PlaceEncoder.encode of two places, accounts or keys differs", () => {
  const encoders = [
    new PlaceEncoder("alice", new Uint8Array(8)),
    new PlaceEncoder("bob", new Uint8Array(8)),
    new PlaceEncoder("alice", new Uint8Array(8).fill(1)),
  ];
  const all = encoders.flatMap((encoder) => OTHERS.map((place) => hexOf(encoder.encode(place))));
  expect(new Set(all).size).toBe(all.length);
});

test("PlaceEncoder.encode is the same for the same place", () => {
  for (const place of OTHERS) {
    const encoder = new PlaceEncoder("alice", new Uint8Array(8));
    const first = hexOf(encoder.encode(place));
    encoder.encode(PLACE);
    expect(hexOf(encoder.encode(place))).toBe(first);
  }
});
