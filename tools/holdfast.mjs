/**
 * Why: `npm run holdfast -- accounts bot.db` runs the program of the package in this checkout, as `npx
 * @holdfast/store` does for a user. It is built first, which does nothing without changes.
 */

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { status } = spawnSync(process.execPath, ["tools/build.mjs"], { cwd: root, stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);
await import(join(root, "dist/holdfast.mjs"));
