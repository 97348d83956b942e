import { expect, test } from "vitest";
import { nodeSqliteBackend } from "../../src/adapters/node_sqlite/mod.ts";
import { IncompatibleError } from "../../src/errors/mod.ts";
import { nodeSqliteTarget } from "./libsql.ts";
import { registerTargets } from "./register.ts";

// The kit runs on the versions of Node that have the module.
if (process.getBuiltinModule("node:sqlite") !== undefined) registerTargets([nodeSqliteTarget], test);
else {
  test("nodeSqliteBackend rejects with IncompatibleError without node:sqlite", async () => {
    await expect(nodeSqliteBackend({ path: ":memory:" })).rejects.toThrow(IncompatibleError);
  });
}
