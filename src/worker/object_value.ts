import { firstRow, type ObjectStorageLike } from "../adapters/durable_object/mod.ts";

/** A table of the object's own values, each of which is written once. */
const CREATE =
  "CREATE TABLE IF NOT EXISTS object_value (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID";

/**
 * - `owner`: the token under which the object owns its account.
 * - `registered`: when its account was registered, in milliseconds.
 */
export type ObjectValueName = "owner" | "registered";

/** Returns a value, or `undefined` if it was not stored. Writes nothing, so an empty object stays empty. */
export function loadValue(storage: ObjectStorageLike, name: ObjectValueName): string | number | undefined {
  const [value] = firstRow(storage, `SELECT value FROM object_value WHERE name = '${name}'`) ?? [];
  return value as string | number | undefined;
}

/** Stores a value. */
export function storeValue(storage: ObjectStorageLike, name: ObjectValueName, value: string | number): void {
  storage.transactionSync(() => {
    [...storage.sql.exec(CREATE).raw()];
    [...storage.sql.exec("INSERT INTO object_value VALUES (?, ?)", name, value).raw()];
  });
}
