/**
 * Why: `npm start` and `bun start` run the same script of package.json, but each must run the program on its
 * own runtime, which `npm_config_user_agent` names. Node runs the built files after an incremental build,
 * because not every supported Node runs TypeScript. Bun runs the source. (`deno task start` needs no script.)
 */

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/**
 * Runs a program in the foreground and exits with its exit code if it is not zero.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnSyncOptions} [options]
 */
function foreground(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", ...options });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if ("Bun" in globalThis) {
  await import(join(root, "src/cli/main.ts"));
} else if (process.env.npm_config_user_agent?.startsWith("bun/")) {
  foreground("bun", [join(root, "src/cli/main.ts"), ...process.argv.slice(2)]);
} else {
  foreground(process.execPath, ["tools/build.mjs"], { cwd: root });
  console.log(`Node ${process.version}`);
  await import(join(root, "dist/src/cli/main.js"));
}
