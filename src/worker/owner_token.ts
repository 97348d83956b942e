import type { ObjectStorageLike } from "../adapters/durable_object/mod.ts";
import { hexOf } from "../bytes/mod.ts";
import type { Random } from "../ports/mod.ts";

const TOKEN_BYTES = 16;

const CREATE =
  "CREATE TABLE IF NOT EXISTS object_owner (id INTEGER PRIMARY KEY CHECK (id = 1), token TEXT NOT NULL)";

const EXISTS = "SELECT 1 FROM sqlite_master WHERE name = 'object_owner'";

/**
 * The token under which the object owns its account, the same in every incarnation of the object. The
 * platform lets only one incarnation write to the storage, so waking up needs no row. The token is random, is
 * stored once, and is unknown to clients elsewhere.
 */
export function ownerTokenOf(storage: ObjectStorageLike, random: Random): string {
  const { sql } = storage;
  if ([...sql.exec(EXISTS).raw()].length > 0) {
    const [row] = [...sql.exec("SELECT token FROM object_owner").raw()];
    if (row !== undefined) return String(row[0]);
  }
  const token = hexOf(random.bytes(TOKEN_BYTES));
  storage.transactionSync(() => {
    [...sql.exec(CREATE).raw()];
    [...sql.exec("INSERT INTO object_owner (id, token) VALUES (1, ?)", token).raw()];
  });
  return token;
}
