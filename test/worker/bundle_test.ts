import { transform } from "esbuild";
import { describe, expect, test } from "vitest";
import { bundleOf, startWorker } from "./worker_process.ts";

/** Patterns that the Worker must not contain: code from text, modules loaded at run time, and Node's API. */
const FORBIDDEN =
  /\beval\s*\(|new Function\b|\bFunction\s*\(|\bimport\(|(?<![.\w#])require\(["'`]|["'`]node:|\bBuffer\.(?:from|alloc)|\b__dirname\b|\bprocess\.(?:nextTick|binding|stdout)/g;

describe("the Worker", () => {
  // The other tests run the Worker without `nodejs_compat`, where `eval` throws. This one covers code that no
  // test reaches.
  test("has no eval, no Node API, and only the platform's import", async () => {
    // Minified, since comments may name them.
    const { code } = await transform(await bundleOf("src/cloudflare/main.ts"), { minify: true });
    expect(code.length).toBeGreaterThan(100_000);
    expect([...code.matchAll(FORBIDDEN)].map(([found]) => found)).toEqual([]);
    const imports = [...code.matchAll(/(?:^|;)import\b[^;]*?from"([^"]+)"/gm)].map(([, module]) => module);
    expect(new Set(imports)).toEqual(new Set(["cloudflare:workers"]));
  });

  test("answers without the Node API", async () => {
    await using worker = await startWorker();
    const response = await worker.fetch("/v1/health");
    expect(await response.json()).toEqual({ status: "ok" });
  });
});
