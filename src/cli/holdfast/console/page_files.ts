import type { PageFiles } from "../../../console/mod.ts";
import { readProgramFolder } from "../files.ts";
import { IS_BUNDLED } from "../version.ts";

/** The pages of the package: `dist/console`, beside the program. */
export const pageFiles: PageFiles = async () => {
  try {
    const folder = IS_BUNDLED ? "./console/" : "../../../../dist/console/";
    return await readProgramFolder(new URL(folder, import.meta.url));
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "ENOENT") return new Map();
    throw error;
  }
};
