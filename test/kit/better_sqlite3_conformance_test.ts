import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { betterSqlite3Backend } from "../../src/adapters/better_sqlite3/mod.ts";
import { IncompatibleError } from "../../src/errors/mod.ts";
import {
  betterSqlite3,
  betterSqlite3Target,
  betterSqlite3Witnessed,
  NO_BETTER_SQLITE3,
} from "./better_sqlite3.ts";
import { registerTargets } from "./register.ts";
import { checkWitnessedFile } from "./witnessed_file.ts";

const library = betterSqlite3();

if (library === undefined) test("better-sqlite3 file", ({ skip }) => skip(NO_BETTER_SQLITE3));
else {
  registerTargets([betterSqlite3Target(library)], test);

  test.runIf(process.platform === "linux")("better-sqlite3 notices copies and replaced files", () =>
    checkWitnessedFile(betterSqlite3Witnessed(library)),
  );
}

describe("betterSqlite3Backend", () => {
  test("rejects with IncompatibleError without the package", async () => {
    // It is no dependency of this project.
    const error = await betterSqlite3Backend({ path: ":memory:" }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(IncompatibleError);
    expect(error).toMatchObject({ message: "open database: the package better-sqlite3 is not installed" });
  });

  test("says what to do about a package that is not built for this runtime", async () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-better-"));
    for (const failure of [
      Object.assign(new Error("was compiled against another version"), { code: "ERR_DLOPEN_FAILED" }),
      new Error("Could not locate the bindings file. Tried:"),
    ]) {
      class NotBuilt {
        constructor() {
          throw failure;
        }
      }
      const options = { path: join(folder, "bot.db"), library: NotBuilt as never };
      const error = await betterSqlite3Backend(options).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(IncompatibleError);
      expect(error).toMatchObject({ message: expect.stringMatching(/npm rebuild better-sqlite3$/) });
      expect((error as Error).cause).toBe(failure);
    }
    rmSync(folder, { recursive: true });
  });
});
