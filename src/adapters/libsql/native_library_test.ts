import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findNativeLibrary, lookUpFrom } from "./native_library.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-library-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("findNativeLibrary", () => {
  test("finds the library beside this package", () => {
    expect(findNativeLibrary().library).toBe(Database);
  });
});

describe("lookUpFrom", () => {
  test("finds the library of @libsql/client if only the client is linked", () => {
    mkdirSync(join(folder, "node_modules/@libsql"), { recursive: true });
    symlinkSync(realpathSync("node_modules/@libsql/client"), join(folder, "node_modules/@libsql/client"));
    expect(lookUpFrom([`${folder}/`]).library).toBe(Database);
  });

  test("reports a missing package", () => {
    expect(lookUpFrom(["", "https://example.org/mod.js", `${folder}/`])).toEqual({
      reason: "the package libsql is not installed",
    });
  });

  test("reports a library that cannot be loaded", () => {
    const library = join(folder, "node_modules/libsql");
    mkdirSync(library, { recursive: true });
    writeFileSync(
      join(library, "index.js"),
      "throw Object.assign(new Error('no'), { code: 'ERR_DLOPEN_FAILED' })",
    );
    expect(lookUpFrom([`${folder}/`]).reason).toContain("ERR_DLOPEN_FAILED");
  });
});
