import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";
import { rustLibraryPlugin } from "./test/runtime/workerd/rust_library_plugin.mjs";
import { temporaryFolder } from "./tools/lib/temporary_folder.mjs";

process.env.TMPDIR = temporaryFolder();

/**
 * Whole conversations and the conformance kit first: begun last, on a machine without a cache of durations,
 * they would be a long tail.
 */
class LongestFirst extends BaseSequencer {
  /**
   * @override
   * @param {import("vitest/node").TestSpecification[]} files
   */
  async sort(files) {
    const sorted = await super.sort(files);
    const isLong = (/** @type {import("vitest/node").TestSpecification} */ file) =>
      /\/test\/(baileys|chaos|kit|process)\//.test(file.moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** How much of long tests runs: see test/support/dose.ts and docs/design/testing.md. */
const dose = process.env.HOLDFAST_DOSE === "long" ? "long" : "short";

/**
 * Against a hang, not a measure of speed: the slowest cases run against thousands of rows on a busy machine, and
 * a long dose is up to a hundred times as much.
 */
const testTimeout = dose === "long" ? 1_200_000 : 120_000;

/** Files that have no short dose. */
const onlyLong = dose === "long" ? [] : ["**/*_long_test.ts"];

/** What starts processes or servers, or runs for long: `npm test` leaves it out, see docs/design/testing.md. */
const system = [
  "test/{chaos,cli,cloudflare,console,damage,faults,guide,histories,hostile,http,package,process,upgrade,worker}/**/*_test.ts",
  "test/importers/{generated_accounts,large_folder}_test.ts",
  "test/kit/{better_sqlite3,libsql_process,libsql_server,narrow,node_sqlite,postgres}*_test.ts",
  "test/kit/{sealed,transformed,turso_serverless}*_test.ts",
];

/** Options of both projects of Node. */
const onNode = {
  environment: "node",
  // Files share the modules that they import: importing takes more CPU time than most of them do.
  isolate: false,
  setupFiles: ["test/support/end_async_storages.ts"],
  testTimeout,
  hookTimeout: testTimeout,
};

export default defineConfig({
  test: {
    provide: { dose },
    // By default one core of two would stay idle.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...onNode,
          name: "node",
          include: [
            "src/**/*_test.ts",
            "test/**/*_test.ts",
            "bench/**/*_test.{ts,mjs}",
            "tools/**/*_test.mjs",
          ],
          exclude: ["test/runtime/{workerd,deno,bun}/**", ...system, ...onlyLong],
        },
      },
      {
        test: {
          ...onNode,
          name: "system",
          include: system,
          exclude: onlyLong,
          globalSetup: ["./test/support/programs/packages_setup.mjs"],
        },
      },
      {
        plugins: [
          rustLibraryPlugin(),
          cloudflareTest({
            main: "./test/runtime/workerd/objects.ts",
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              kvNamespaces: ["CACHE"],
              d1Databases: ["DB"],
              durableObjects: {
                OBJECTS: { className: "BareObject", useSQLite: true },
                HOLDFAST: { className: "HoldfastObject", useSQLite: true },
              },
            },
          }),
        ],
        test: {
          name: "workerd",
          include: ["test/runtime/workerd/**/*_test.ts"],
          exclude: onlyLong,
          globalSetup: ["./test/support/hrana/hrana_setup.mjs"],
          testTimeout,
          hookTimeout: testTimeout,
        },
      },
    ],
  },
});
