import { expect, test } from "vitest";
import { parseOptions } from "./options.ts";

test("flags take their value after a space or an equals sign", () => {
  expect(parseOptions([])).toEqual({ messages: 400, db: "file:holdfast.db" });
  expect(parseOptions(["--messages", "1,000", "--db=file:a b.db?x=1"])).toEqual({
    messages: 1_000,
    db: "file:a b.db?x=1",
  });
  expect(parseOptions(["--help", "--nonsense"])).toBe("help");
});

test.each([
  [["--message", "5"]],
  [["--messages"]],
  [["--db", ":memory:"]],
  [["--db", "file::memory:"]],
  [["--db", "file::memory:?cache=shared"]],
])("%j is refused as malformed", (args) => {
  expect(() => parseOptions(args)).toThrow(TypeError);
});

test.each(["0", "-1", "1.5", "", "many", "1000001"])("%j messages are refused as out of range", (count) => {
  expect(() => parseOptions(["--messages", count])).toThrow(RangeError);
});
