import { expect, test } from "vitest";
import { copyValue } from "../rules/mod.ts";
import { freezeValue, sameValue } from "./value.ts";

test("a copy shares nothing and is equal; a difference anywhere is seen", () => {
  const value = () => ({
    bytes: new Uint8Array([1, 2]),
    map: new Map([["a", new Uint8Array([3])]]),
    list: [1, { deep: new Uint8Array([4]) }],
    text: "t",
    none: undefined as string | undefined,
  });
  const original = value();
  const copy = copyValue(original);
  expect(copy).toEqual(original);
  expect(sameValue(original, copy)).toBe(true);
  const changes: ((changed: ReturnType<typeof value>) => unknown)[] = [
    (changed) => changed.bytes.fill(9),
    (changed) => Object.assign(changed, { bytes: new Uint8Array([1, 2, 3]) }),
    (changed) => changed.map.get("a")?.fill(9),
    (changed) => changed.map.set("b", new Uint8Array()),
    (changed) => changed.list.push(2),
    (changed) => Object.assign(changed, { text: "" }),
    (changed) => Object.assign(changed, { none: "set" }),
  ];
  for (const change of changes) {
    const changed = copyValue(original);
    change(changed);
    expect(sameValue(original, changed)).toBe(false);
    expect(original).toEqual(value());
  }
});

test("tells kinds apart, and a missing property equals an undefined one", () => {
  expect(sameValue(new Uint8Array(), [])).toBe(false);
  expect(sameValue(new Map(), {})).toBe(false);
  expect(sameValue([], {})).toBe(false);
  expect(sameValue(null, {})).toBe(false);
  expect(sameValue({ a: undefined }, {})).toBe(true);
});

test("freezing goes deep and spares byte arrays, which cannot be frozen", () => {
  const value = freezeValue({ pair: { key: new Uint8Array(1) }, list: [{ a: 1 }] });
  expect(Object.isFrozen(value.pair) && Object.isFrozen(value.list[0])).toBe(true);
  expect(Object.isFrozen(value.pair.key)).toBe(false);
});
