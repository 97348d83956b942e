import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

/** Against a hang, not a measure of speed: the slowest cases run against thousands of rows on a busy machine. */
const testTimeout = 60_000;

export default defineConfig({
  test: {
    // By default one core of two would stay idle.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "node",
          environment: "node",
          include: ["src/**/*_test.ts", "test/**/*_test.ts", "bench/**/*_test.ts", "tools/**/*_test.mjs"],
          exclude: ["test/runtime/{workerd,deno,bun}/**"],
          testTimeout,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
        test: {
          name: "workerd",
          include: ["test/runtime/workerd/**/*_test.ts"],
          globalSetup: ["./test/support/hrana_setup.mjs"],
          testTimeout,
        },
      },
    ],
  },
});
