/**
 * Vitest's global setup for code in workerd, which has no libSQL server of its own to start: the address
 * comes as `hranaUrl`.
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
