import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { gzippedBytes } from "../../tools/lib/bundle_size.mjs";
import type { Comparison, Side } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";

const run = promisify(execFile);

/** Limits of sizes in bytes, which `npm run check -- sizes` checks for every subpath. */
const LIMITS = JSON.parse(await readFile("tools/size_limits.json", "utf8")) as {
  readonly ".": number;
  readonly worker: number;
};

/**
 * Imports a module of this project's packages in a new process. @returns CPU time of the import, in
 * microseconds.
 */
async function importUs(specifier: string): Promise<number> {
  const program = `
    const before = process.cpuUsage();
    await import(${JSON.stringify(specifier)});
    const { user, system } = process.cpuUsage(before);
    console.log(user + system);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program]);
  return Number(stdout);
}

/** Uses new processes, so that no earlier import has compiled or cached code. */
function importing(ours: string, theirs: string): Comparison {
  let spentUs = 0;
  const sideOf = (specifier: string): Side => ({
    run: async () => {
      spentUs += await importUs(specifier);
    },
  });
  return { ours: sideOf(ours), theirs: sideOf(theirs), warmUpCpuMs: 0, minRounds: 5, cpuUs: () => spentUs };
}

export const entries: readonly BenchEntry[] = [
  {
    name: "bundle.core_min_gzip_bytes",
    kind: "count",
    unit: "bytes",
    limit: { max: LIMITS["."] },
    run: () => gzippedBytes("mod.ts"),
  },
  {
    name: "bundle.worker_min_gzip_bytes",
    kind: "count",
    unit: "bytes",
    limit: { max: LIMITS.worker },
    against: "the Worker of wrangler.toml with everything that it imports",
    run: () => gzippedBytes("src/cloudflare/main.ts"),
  },
  {
    name: "cli.bundle_gzip_bytes",
    kind: "count",
    unit: "bytes",
    against: "the program `holdfast`, one file with everything that it imports",
    run: async () => gzipSync(await readFile("dist/holdfast.mjs"), { level: 9 }).length,
  },
  {
    name: "import.core.ratio_vs_hono",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 5 },
    needs: "dist",
    against: 'import("hono"), each in a new process; ours is import("@holdfast/store") of the built package',
    open: () => importing("@holdfast/store", "hono"),
  },
];
