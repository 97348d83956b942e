import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Creates a folder. `remove` deletes it with its content. */
export function makeFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
