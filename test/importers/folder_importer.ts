/** Imports a Baileys folder into a file, and prints how long it took, and the greatest memory. */
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { argv, resourceUsage, stdout } from "node:process";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { diskFolder, importBaileysFolder } from "../../src/exports/importers.ts";

const [folder = "", file = ""] = argv.slice(2);

const beforeReading = performance.now();
let bytes = 0;
for (const name of await readdir(folder)) bytes += (await readFile(join(folder, name))).length;
const readMs = performance.now() - beforeReading;
const startMb = greatestMb();

const beforeImport = performance.now();
const backend = await libsqlBackend({ url: `file:${file}` });
const { kinds } = await importBaileysFolder(backend, diskFolder(folder), { chain: "originalIsStopped" });
const importMs = performance.now() - beforeImport;
await backend.close();

stdout.write(JSON.stringify({ bytes, readMs, importMs, startMb, maxMb: greatestMb(), kinds }));

/** Greatest memory of this program. On Linux `maxRSS` counts the process from which it was started as well. */
function greatestMb(): number {
  try {
    const [, kB] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    if (kB !== undefined) return Number(kB) / 1_024;
  } catch {
    // Another system.
  }
  return resourceUsage().maxRSS / 1_024;
}
