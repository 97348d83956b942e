import fs, { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BackendError, CorruptError } from "../../errors/mod.ts";
import { prepareFile } from "./file_path.ts";
import type { HostFileStat, HostFiles } from "./host_modules.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-path-"));
  path = join(folder, "bot.db");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The host's files, where all have this size. */
function filesOf(size: bigint): HostFiles {
  const host: HostFiles = fs;
  return {
    ...host,
    statSync: (file, options) => {
      const stat = host.statSync(file, options);
      const { dev, ino, mode, mtimeNs, ctimeNs, birthtimeNs } = stat ?? ({} as HostFileStat);
      return stat && { dev, ino, mode, size, mtimeNs, ctimeNs, birthtimeNs };
    },
  };
}

describe("prepareFile", () => {
  // XFS, tmpfs and APFS give a folder with few entries such a size.
  test.each([0n, 6n, 40n, 99n, 4_096n])("rejects a folder of %s bytes as a folder", (size) => {
    mkdirSync(path);
    expect(() => prepareFile(filesOf(size), path)).toThrow(BackendError);
    expect(() => prepareFile(filesOf(size), path)).toThrow("the path is a folder, name a file in it");
  });

  test("rejects a file that lacks its beginning", () => {
    writeFileSync(path, "x");
    expect(() => prepareFile(filesOf(40n), path)).toThrow(CorruptError);
  });
});
