import { expect, test } from "vitest";
import { compareSizes } from "./check_sizes.mjs";

test("compareSizes accepts what is within its limits", () => {
  const limits = { ".": 42_000, "./cache": 8_300, worker: 78_000 };
  expect(compareSizes({ ".": 30_000, "./cache": 8_100, worker: 78_000 }, limits)).toEqual({
    problems: [],
    wanted: limits,
  });
});

test("compareSizes says what is above its limit, and keeps the limit", () => {
  const limits = { "./cache": 8_300, worker: 78_000 };
  const { problems, wanted } = compareSizes({ "./cache": 8_301, worker: 78_001 }, limits);
  expect(problems).toEqual(["./cache: 8301 bytes, at most 8300", "worker: 78001 bytes, at most 78000"]);
  expect(wanted).toEqual(limits);
});

test("compareSizes asks for a limit of each subpath, and for none of another", () => {
  const { problems, wanted } = compareSizes({ "./cache": 1_000 }, { "./gone": 8_300 });
  expect(problems).toEqual([
    "./cache: 1000 bytes, and no limit in tools/size_limits.json",
    "./gone: a limit in tools/size_limits.json, and no such subpath",
  ]);
  expect(wanted).toEqual({ "./cache": 1_050 });
});

test("compareSizes lowers a limit that is too far away, and no budget", () => {
  const limits = { ".": 42_000, "./cache": 1_200 };
  const { problems, wanted } = compareSizes({ ".": 1_000, "./cache": 1_000 }, limits);
  expect(problems).toEqual(["./cache: 1000 bytes, and the limit of 1200 is too far away"]);
  expect(wanted).toEqual({ ".": 42_000, "./cache": 1_050 });
});
