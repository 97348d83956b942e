import type { ObjectStorageLike } from "../adapters/durable_object/mod.ts";

/** A table of one row, which is written once per account. */
const CREATE =
  "CREATE TABLE IF NOT EXISTS service_registration (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL)";

const EXISTS = "SELECT 1 FROM sqlite_master WHERE name = 'service_registration'";

/**
 * Returns when the account of an object was registered, in milliseconds, or `undefined` if the service has
 * not used the object yet. Writes nothing, so an empty object stays empty.
 */
export function loadRegistration({ sql }: ObjectStorageLike): number | undefined {
  if ([...sql.exec(EXISTS).raw()].length === 0) return undefined;
  const [row] = [...sql.exec("SELECT at FROM service_registration").raw()];
  return row === undefined ? undefined : Number(row[0]);
}

/** Stores when the account of an object was registered, in milliseconds. */
export function saveRegistration(storage: ObjectStorageLike, registeredAtMs: number): void {
  storage.transactionSync(() => {
    [...storage.sql.exec(CREATE).raw()];
    [...storage.sql.exec("INSERT INTO service_registration (id, at) VALUES (1, ?)", registeredAtMs).raw()];
  });
}
