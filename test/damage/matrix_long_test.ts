import { afterAll, beforeAll, expect, test } from "vitest";
import { DOSED_TIMEOUT_MS } from "../support/dose.ts";
import { DamagedFiles } from "./damaged_files.ts";
import type { Library } from "./damages.ts";
import { matrixOf, runMatrix } from "./matrix.ts";

let files: DamagedFiles;

beforeAll(async () => {
  files = await DamagedFiles.create();
});

afterAll(() => files.remove());

/** `@libsql/client` runs the same native library, so a part of the damage is enough for it. */
const SIZES = [
  ["native", { step: 1, random: 2_000, pairs: 2_000, pages: 1 }],
  ["client", { step: 64, random: 300, pairs: 300, pages: 2 }],
] as const;

test.each(SIZES)(
  "%s: no damage ends the process or makes anything anew in silence",
  async (library: Library, size) => {
    const { faults, counts } = await runMatrix(files, library, matrixOf(files, size, 2));
    for (const [sort, count] of [...counts].sort()) console.log(`${sort}: ${count}`);
    expect(faults).toEqual([]);
  },
  DOSED_TIMEOUT_MS,
);
