import { expect, test } from "vitest";
import { FakeClock } from "../testing/mod.ts";
import { AbsentLids } from "./absent_lids.ts";

test("a phone number is absent for five minutes", () => {
  const clock = new FakeClock();
  const absent = new AbsentLids(clock);
  expect(absent.has("1")).toBe(false);
  absent.add("1");
  clock.advance(299_999);
  expect([absent.has("1"), absent.has("2")]).toEqual([true, false]);
  clock.advance(1);
  expect(absent.has("1")).toBe(false);
});

test("a phone number is not absent once its mapping is known", () => {
  const absent = new AbsentLids(new FakeClock());
  absent.add("1");
  absent.delete("1");
  expect(absent.has("1")).toBe(false);
});

test("a clock that steps back makes no phone number absent for longer", () => {
  let nowMs = 10_000_000;
  const absent = new AbsentLids({ nowMs: () => nowMs });
  absent.add("1");
  nowMs = 1_000_000;
  expect(absent.has("1")).toBe(false);
});

test("the oldest of ten thousand phone numbers goes", () => {
  const absent = new AbsentLids(new FakeClock());
  for (let user = 0; user <= 10_000; user += 1) absent.add(String(user));
  expect([absent.has("0"), absent.has("1"), absent.has("10000")]).toEqual([false, true, true]);
});
