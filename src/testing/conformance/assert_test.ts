import { describe, expect, test } from "vitest";
import { BusyError, FencedError } from "../../errors/mod.ts";
import { ConformanceError, check, differs, equal, fails } from "./assert.ts";

const same: readonly (readonly [unknown, unknown])[] = [
  [undefined, undefined],
  [Number.NaN, Number.NaN],
  [5n, 5n],
  [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  [
    [1, [2, "a"]],
    [1, [2, "a"]],
  ],
  [{ a: 1, b: undefined }, { a: 1 }],
  [{ a: 1 }, { a: 1, b: undefined }],
  [new Map([["a", new Uint8Array(1)]]), new Map([["a", new Uint8Array(1)]])],
];

const different: readonly (readonly [unknown, unknown])[] = [
  [undefined, null],
  [0, undefined],
  [5, 5n],
  [0, -0],
  ["1", 1],
  [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  [new Uint8Array([1, 2]), new Uint8Array([1])],
  [[1, 2], new Uint8Array([1, 2])],
  [new Uint8Array([1, 2]), [1, 2]],
  [new Uint8Array(0), undefined],
  [undefined, new Uint8Array(0)],
  [Buffer.from([1, 2]), new Uint8Array([1, 2])],
  [new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2])],
  [[1], [1, 2]],
  [{ 0: 1 }, [1]],
  [{ a: 1, b: 2 }, { a: 1 }],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{}, new Map()],
  [new Map(), {}],
  [new Map([["a", 1]]), new Map([["b", 1]])],
  [new Map([["a", 1]]), new Map([["a", 2]])],
  [
    new Map([["a", 1]]),
    new Map([
      ["a", 1],
      ["b", 1],
    ]),
  ],
];

describe("equal", () => {
  test("accepts equal data only and names the place of a difference", () => {
    for (const [actual, expected] of same) expect(() => equal(actual, expected, "value")).not.toThrow();
    for (const [actual, expected] of different) {
      expect(() => equal(actual, expected, "value")).toThrow(ConformanceError);
      expect(differs(actual, expected)).toBe(true);
    }
    const nested = { list: [{ bytes: new Uint8Array([1, 2]) }] };
    expect(() => equal(nested, { list: [{ bytes: new Uint8Array([1, 9]) }] }, "value")).toThrow(
      "value.list[0].bytes: differs at byte 1 of 2",
    );
  });

  test("does not quote bytes in messages", () => {
    const secret = new Uint8Array(32).fill(171);
    for (const expected of [new Uint8Array(32), new Uint8Array(3), "text"]) {
      expect(() => equal(secret, expected, "key")).toThrow(/^(?!.*(171|ab))/);
    }
  });
});

describe("check", () => {
  test("accepts true only", () => {
    check(true, "fine");
    expect(() => check(false, "not fine")).toThrow("not fine");
  });
});

describe("fails", () => {
  test("accepts the expected failure, thrown or rejected, and returns it", async () => {
    const fenced = new FencedError("commit: no");
    expect(await fails(() => Promise.reject(fenced), "fenced", "call")).toBe(fenced);
    expect(await fails(() => Promise.reject(fenced), ["busy", "fenced"], "call")).toBe(fenced);
    const thrown = () => {
      throw new TypeError("bad");
    };
    await fails(thrown, "TypeError", "call");
    await expect(fails(thrown, "RangeError", "call")).rejects.toThrow(ConformanceError);
    await expect(fails(() => Promise.reject(new BusyError("busy")), "fenced", "call")).rejects.toThrow(
      /busy/,
    );
    await expect(fails(() => Promise.reject("text"), "fenced", "call")).rejects.toThrow(ConformanceError);
    await expect(fails(async () => 1, "fenced", "call")).rejects.toThrow(/succeeded/);
  });
});
