import { test } from "bun:test";
import { bunSqliteBackend } from "../../../src/adapters/bun_sqlite/mod.ts";
import { silentLogger } from "../../../src/ports/mod.ts";
import { checkWitnessedFile, type OpenWitnessed, WITNESSED_WAYS } from "../../kit/witnessed_file.ts";

const bunSqlite: OpenWitnessed = (options) => bunSqliteBackend({ logger: silentLogger, ...options });

for (const [name, open] of [...WITNESSED_WAYS, ["bun:sqlite", bunSqlite] as const]) {
  test(`${name} notices copies and replaced files`, () => checkWitnessedFile(open));
}
