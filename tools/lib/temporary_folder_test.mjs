import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "./temporary_folder.mjs";

/** @type {string} */
let folder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "temporary-folder-"));
  mkdirSync(join(folder, "full/node_modules"), { recursive: true });
  mkdirSync(join(folder, "full/inner"));
  mkdirSync(join(folder, "clean"));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe("temporaryFolder", () => {
  test("passes over folders with packages in them or above them", () => {
    const candidates = ["full", "full/inner", "absent", "clean"].map((name) => join(folder, name));
    expect(temporaryFolder(candidates)).toBe(join(folder, "clean"));
  });

  test("says what to remove when there is no other", () => {
    expect(() => temporaryFolder([join(folder, "full/inner")])).toThrow(
      `tests: ${join(folder, "full/node_modules")} must not be there. Remove it, or set TMPDIR`,
    );
  });
});
