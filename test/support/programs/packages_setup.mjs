/** Vitest's global setup for tests of the packed package. Provides the folder of the tarballs as `packages`. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** @param {import("vitest/node").TestProject} project */
export default async function setup(project) {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-packages-"));
  project.provide("packages", folder);
  return () => rm(folder, { recursive: true, force: true });
}
