import type { ObjectStorageLike } from "../adapters/durable_object/mod.ts";

/** One row, which is written once for each account. */
const CREATE =
  "CREATE TABLE IF NOT EXISTS service_registration (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL)";

const EXISTS = "SELECT 1 FROM sqlite_master WHERE name = 'service_registration'";

/**
 * When the account of an object was registered, in milliseconds; `undefined` when the service has not used it
 * yet. Looking writes nothing: an object that is empty stays it.
 */
export function loadRegistration({ sql }: ObjectStorageLike): number | undefined {
  if ([...sql.exec(EXISTS).raw()].length === 0) return undefined;
  const [row] = [...sql.exec("SELECT at FROM service_registration").raw()];
  return row === undefined ? undefined : Number(row[0]);
}

/** Keeps it. */
export function saveRegistration(storage: ObjectStorageLike, registeredAtMs: number): void {
  storage.transactionSync(() => {
    [...storage.sql.exec(CREATE).raw()];
    [...storage.sql.exec("INSERT INTO service_registration (id, at) VALUES (1, ?)", registeredAtMs).raw()];
  });
}
