import { IncompatibleError } from "../errors/mod.ts";
import type { RegistryDatabase } from "./registry_database.ts";

/**
 * The steps of the registry's layout. The first one was released before versions were stored, so it creates
 * only what is missing.
 */
const STEPS: readonly (readonly string[])[] = [
  [
    "CREATE TABLE IF NOT EXISTS service_account ( " +
      "name TEXT NOT NULL PRIMARY KEY, " +
      "created_at INTEGER NOT NULL, " +
      "deleting INTEGER NOT NULL DEFAULT 0 " +
      ") STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS service_token ( " +
      "id TEXT NOT NULL PRIMARY KEY, " +
      "hash BLOB NOT NULL, " +
      "account TEXT, " +
      "permissions TEXT NOT NULL, " +
      "label TEXT NOT NULL, " +
      "created_at INTEGER NOT NULL " +
      ") STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS service_token_account ON service_token (account)",
    // The latest registration time. In a database with accounts, it starts at their latest registration time:
    // they are looked at once, and not each time that an object wakes up.
    "CREATE TABLE IF NOT EXISTS service_clock ( " +
      "id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), " +
      "last INTEGER NOT NULL " +
      ") STRICT",
    "INSERT INTO service_clock (id, last) " +
      "SELECT 1, (SELECT ifnull(max(created_at), 0) FROM service_account) " +
      "WHERE NOT EXISTS (SELECT 1 FROM service_clock) ON CONFLICT (id) DO NOTHING",
    "CREATE TABLE IF NOT EXISTS service_schema ( " +
      "id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), " +
      "version INTEGER NOT NULL " +
      ") STRICT",
    "INSERT INTO service_schema (id, version) VALUES (1, 0) ON CONFLICT (id) DO NOTHING",
  ],
  [
    "ALTER TABLE service_token ADD COLUMN expires_at INTEGER",
    "ALTER TABLE service_token ADD COLUMN last_used_at INTEGER",
    // Rows leave at the old end alone, so ids ascend. `entry` is JSON.
    "CREATE TABLE service_audit ( " +
      "id INTEGER NOT NULL PRIMARY KEY, " +
      "key TEXT NOT NULL UNIQUE, " +
      "entry TEXT NOT NULL " +
      ") STRICT",
  ],
  // JSON.
  ["ALTER TABLE service_account ADD COLUMN limits TEXT"],
];

/** Tries, in case other services bring the registry up to date at the same time. */
const MAX_TRIES = 8;

/**
 * Brings the tables of a registry up to date, each step in one transaction.
 *
 * @throws {IncompatibleError} When they are newer than this release. Nothing was changed.
 */
export async function openRegistrySchema(database: RegistryDatabase): Promise<void> {
  let cause: unknown;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const version = await versionOf(database);
    if (version > STEPS.length)
      throw new IncompatibleError(`open registry: schema ${version} is newer than ${STEPS.length}`);
    const step = STEPS[version];
    if (step === undefined) return;
    const statements = [
      ...(version === 0 ? step : []),
      // Fails the whole batch when another service was faster.
      `SELECT CASE WHEN (SELECT version = ${version} FROM service_schema) THEN 1 ELSE json('migrated') END`,
      ...(version === 0 ? [] : step),
      `UPDATE service_schema SET version = ${version + 1}`,
    ];
    try {
      await database.batch(statements.map((sql) => ({ sql, params: [] })));
    } catch (error) {
      cause = error;
    }
  }
  throw cause;
}

/** One row is read where the table is there: an object asks each time that it wakes up. */
async function versionOf(database: RegistryDatabase): Promise<number> {
  const read = async (): Promise<number> => {
    const [row] = await database.query("SELECT version FROM service_schema", []);
    return Number(row?.[0] ?? 0);
  };
  try {
    return await read();
  } catch {
    const [found] = await database.query("SELECT 1 FROM sqlite_master WHERE name = 'service_schema'", []);
    // Another service may have made it since.
    return found === undefined ? 0 : await read();
  }
}
