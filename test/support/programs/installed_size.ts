/** What an installation without optional peers may cost. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Greatest number of packages, this one included. */
export const MAX_PACKAGES = 4;

/** Greatest size of node_modules on disk, in KiB: 9 MB. */
export const MAX_INSTALLED_KIB: number = Math.floor(9_000_000 / 1_024);

const BLOCK = 4_096;

/** Size of a folder on disk in KiB, as `du` counts it on most file systems: in blocks, folders included. */
export function folderKib(path: string): number {
  let blocks = 1;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) blocks += folderKib(inner) / (BLOCK / 1_024);
    else if (entry.isFile()) blocks += Math.ceil(statSync(inner).size / BLOCK);
  }
  return (blocks * BLOCK) / 1_024;
}
