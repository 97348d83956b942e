import { transform } from "esbuild";
import { expect, test } from "vitest";
import { bundleOf, startWorker } from "./worker_process.ts";

// The Worker of every other test here runs without `nodejs_compat`, where `eval` throws. This one is about what is never reached there.
test("the Worker's code has no eval, imports nothing, and names no API of Node", async () => {
  // Without comments, which may speak of them.
  const { code } = await transform(await bundleOf("src/cloudflare/main.ts"), { minify: true });
  expect(code.length).toBeGreaterThan(100_000);
  expect(code).not.toMatch(/\beval\s*\(|new Function\b|\bFunction\s*\(/);
  expect(code).not.toMatch(/^import\b|;import\b|\bimport\(|(?<![.\w#])require\(["'`]/m);
  // That there is a `process` is asked by the protobuf library, which does without.
  expect(code).not.toMatch(
    /["'`]node:|\bBuffer\.(?:from|alloc)|\b__dirname\b|\bprocess\.(?:nextTick|binding|stdout)/,
  );
});

test("the Worker answers without any API of Node", async () => {
  await using worker = await startWorker();
  const response = await worker.fetch("/v1/health");
  expect(await response.json()).toEqual({ status: "ok" });
});
