import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          environment: "node",
          include: ["src/**/*_test.ts", "test/**/*_test.ts", "tools/**/*_test.mjs"],
          exclude: ["test/runtime/{workerd,deno,bun}/**"],
        },
      },
    ],
  },
});
