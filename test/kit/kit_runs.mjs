// @ts-self-types="./kit_runs.d.mts"
/**
 * Where the conformance kit runs, as data. The table "kit × backend × runtime" of docs/guide/drivers.md and the
 * short one of the README are made from it by `npm run fix`, `registerTargets` refuses a target that is not here, and
 * test/kit/kit_runs_test.ts finds a run that is here and that no test registers.
 *
 * "all": the whole kit in each run. "part": in each run the cases that the target's own code is concerned
 * with, and the whole kit in the long run.
 */

/** @typedef {import("./kit_runs.d.mts").KitRow} KitRow */

/** @type {Readonly<Record<string, KitRow>>} By the name of the target. */
export const KIT_RUNS = {
  memory: {
    title: "`/memory`",
    target: "memoryTarget",
    runs: { node: "all", workerd: "all", deno: "part", bun: "part" },
  },
  "libsql file": {
    title: "`/libsql`: files",
    target: "libsqlFileTarget",
    runs: { node: "all", deno: "all", bun: "all" },
  },
  "libsql file, client": {
    title: "`/libsql`: files, without the native library",
    target: "libsqlClientFileTarget",
    runs: { node: "part", deno: "part", bun: "part" },
  },
  "libsql memory": {
    title: "`/libsql`: `:memory:`",
    target: "libsqlMemoryTarget",
    runs: { node: "part", deno: "part", bun: "part" },
  },
  "libsql over http": {
    title: "`/libsql`: a server over HTTP",
    target: { node: "http", workerd: "libsqlHttpTarget" },
    runs: { node: "part", workerd: "part" },
  },
  "libsql over websocket": {
    title: "`/libsql`: a server over WebSocket",
    target: "webSocket",
    runs: { node: "part" },
  },
  "node:sqlite file": {
    title: "`/node-sqlite`",
    target: "nodeSqliteTarget",
    runs: { node: "all", deno: "all", bun: "all" },
  },
  "bun:sqlite file": { title: "`/bun-sqlite`", target: "bunSqliteTarget", runs: { bun: "all" } },
  "better-sqlite3 file": {
    title: "`/better-sqlite3`",
    target: "betterSqlite3Target",
    runs: { node: "all", deno: "part", bun: "part" },
  },
  "turso serverless": {
    title: "`/turso-serverless`",
    target: "tursoServerlessTarget",
    runs: { node: "part" },
  },
  "postgres through pg": {
    title: "`/postgres` through `pg`",
    target: "postgres through pg",
    runs: { node: "all", deno: "part", bun: "part" },
  },
  "postgres through postgres": {
    title: "`/postgres` through `postgres`",
    target: "postgres through postgres",
    runs: { node: "part" },
  },
  "postgres through neon": {
    title: "`/postgres` through Neon's HTTP driver (a double)",
    target: "postgres through neon",
    runs: { node: "part" },
  },
  "postgres in PGlite": {
    title: "`/postgres` in PGlite",
    target: "postgres in PGlite",
    runs: { node: "part" },
  },
  d1: { title: "`/d1`", target: "d1Target", runs: { workerd: "part" } },
  "durable object": {
    title: "`/durable-object`",
    target: "durableObjectTarget",
    runs: { workerd: "all" },
  },
  "remote over memory": { title: "`/remote`", target: "remoteTarget", runs: { node: "part" } },
  "remote over durable objects": {
    title: "`/remote`, accounts in Durable Objects",
    target: "target",
    runs: { node: "part" },
  },
};

/** Targets that wrap a backend, or stand for a platform. They are no rows of the table. */
export const WRAPPERS = [
  "composed of four memory stores",
  "durable object, sealed",
  "libsql file, sealed",
  "memory, sealed",
  "memory, sealed by WebCrypto",
  "memory, values transformed",
  "postgres through pg, sealed",
  "remote over memory, sealed",
  "sqlite with narrow limits",
  "sqlite with narrow limits, values transformed",
];

const RUNTIMES = /** @type {const} */ (["node", "workerd", "deno", "bun"]);

/** What a row of the short table is for, by its subpath. */
const PURPOSES = /** @type {Record<string, string>} */ ({
  "/memory": "tests",
  "/libsql": "SQLite files; libSQL and Turso servers",
  "/node-sqlite": "SQLite files, without a package",
  "/bun-sqlite": "SQLite files, without a package",
  "/better-sqlite3": "SQLite files",
  "/turso-serverless": "Turso, through its own client",
  "/postgres": "PostgreSQL",
  "/d1": "Cloudflare D1",
  "/durable-object": "an object of its own for each account",
  "/remote": "a Holdfast service",
});

/** The table of docs/guide/drivers.md as Markdown. */
export function kitTable() {
  const rows = Object.values(KIT_RUNS).map(
    ({ title, runs }) => `| ${title} | ${RUNTIMES.map((runtime) => runs[runtime] ?? "").join(" | ")} |`,
  );
  return ["| backend | Node | workerd | Deno | Bun |", "|---|---|---|---|---|", ...rows].join("\n");
}

/** The short table of the README as Markdown: a row for each subpath, and where its kit runs. */
export function backendTable() {
  const subpaths = new Map(Object.keys(PURPOSES).map((subpath) => [subpath, new Set()]));
  for (const { title, runs } of Object.values(KIT_RUNS)) {
    const subpath = /`(.+?)`/.exec(title)?.[1] ?? title;
    const runtimes = subpaths.get(subpath);
    if (runtimes === undefined) throw new Error(`backend table: PURPOSES has no ${subpath}`);
    for (const runtime of Object.keys(runs)) runtimes.add(runtime);
  }
  const rows = [...subpaths].map(([subpath, runtimes]) => {
    const cells = RUNTIMES.map((runtime) => (runtimes.has(runtime) ? "✓" : ""));
    return `| \`${subpath}\`: ${PURPOSES[subpath]} | ${cells.join(" | ")} |`;
  });
  return ["| backend | Node | Workers | Deno | Bun |", "|---|---|---|---|---|", ...rows].join("\n");
}
