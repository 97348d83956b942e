import { afterAll, beforeAll, expect, test } from "vitest";
import { DOSED_TIMEOUT_MS } from "../support/dose.ts";
import { DamagedFiles } from "./damaged_files.ts";
import { matrixOf, runMatrix } from "./matrix.ts";

let files: DamagedFiles;

beforeAll(async () => {
  files = await DamagedFiles.create();
});

afterAll(() => files.remove());

test(
  "a small dose of damage ends no process and makes nothing anew in silence",
  async () => {
    const matrix = matrixOf(files, { step: 1_024, random: 30, pairs: 20, pages: 5 }, 1);
    const { faults, counts } = await runMatrix(files, "native", matrix);
    expect(faults).toEqual([]);
    expect([...counts.keys()].filter((sort) => sort.endsWith("CorruptError")).length).toBeGreaterThan(4);
    expect([...counts.keys()].filter((sort) => sort.endsWith("opened")).length).toBeGreaterThan(1);
  },
  DOSED_TIMEOUT_MS,
);
