import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { PageFiles } from "../../../console/mod.ts";
import { IS_BUNDLED } from "../version.ts";

/** Files of the pages at most. They have a dozen. */
const MAX_FILES = 500;

/** The pages of the package: `dist/console`, beside the program. */
export function pageFiles(): PageFiles {
  return filesOf(
    fileURLToPath(new URL(IS_BUNDLED ? "./console/" : "../../../../dist/console/", import.meta.url)),
  );
}

/** The regular files of a folder. Links are left out. */
export function filesOf(folder: string): PageFiles {
  return {
    async list() {
      try {
        const entries = await readdir(folder, { recursive: true, withFileTypes: true });
        const files = entries.filter((entry) => entry.isFile()).slice(0, MAX_FILES);
        return files.map(({ name, parentPath }) =>
          relative(folder, join(parentPath, name)).split(sep).join("/"),
        );
      } catch (error) {
        if ((error as { readonly code?: unknown }).code === "ENOENT") return [];
        throw error;
      }
    },
    read: async (name) => new Uint8Array(await readFile(join(folder, name))),
  };
}
