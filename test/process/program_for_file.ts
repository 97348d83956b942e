/**
 * A program that the tests of a file start and kill, and a folder for its files.
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, vi } from "vitest";
import { buildProgram, type NodeProgram } from "../support/programs/node_program.ts";

/** A built program with its folder. */
export interface FileProgram extends Pick<NodeProgram, "start"> {
  /** Exists until the tests of the file have ended. */
  readonly folder: string;
}

/**
 * Builds a program before the tests of a file, and silences the console: libsignal prints whole sessions.
 *
 * @param source Its path from the root of the project.
 */
export function programForFile(source: string): FileProgram {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-"));
  let program: NodeProgram | undefined;
  beforeAll(async () => {
    for (const method of ["log", "info", "warn", "error"] as const)
      vi.spyOn(console, method).mockImplementation(() => {});
    program = await buildProgram(source);
  });
  afterAll(() => {
    vi.restoreAllMocks();
    program?.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    start: (args, under) => {
      if (program === undefined) throw new Error("start program: it is built before the first test");
      return program.start(args, under);
    },
  };
}
