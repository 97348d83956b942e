/**
 * Vitest's global setup for code in workerd, which cannot start a libSQL server itself. Provides its URL as
 * `hranaUrl`.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHranaServer } from "./hrana_server.mjs";

/** @param {import("vitest/node").TestProject} project */
export default async function setup(project) {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-hrana-"));
  const server = await startHranaServer({ directory });
  project.provide("hranaUrl", server.url("main").replace(/main\/$/, ""));
  return async () => {
    await server.close();
    await rm(directory, { recursive: true });
  };
}
