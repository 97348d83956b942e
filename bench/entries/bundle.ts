import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { BenchEntry } from "../harness/entry.ts";

/** Size of a module with everything it imports, minified and gzipped at the highest level. */
async function gzippedBytes(entryPoint: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    external: ["cloudflare:*"],
  });
  return outputFiles.reduce((total, file) => total + gzipSync(file.contents, { level: 9 }).length, 0);
}

export const entries: readonly BenchEntry[] = [
  {
    name: "bundle.core_min_gzip_bytes",
    kind: "count",
    unit: "bytes",
    limit: { max: 60_000 },
    run: () => gzippedBytes("mod.ts"),
  },
  {
    name: "bundle.worker_min_gzip_bytes",
    kind: "count",
    unit: "bytes",
    limit: { max: 80_000 },
    against: "the Worker of wrangler.toml with everything that it imports",
    run: () => gzippedBytes("src/cloudflare/main.ts"),
  },
];
