import type { ObjectStorageLike, SqlCursorLike } from "./object_storage.ts";

/** SQLite's message for a table that does not exist, which the platform passes on. */
const NO_TABLE = "no such table";

/**
 * Returns the first row that a query finds; `undefined` if there is none, or no such table. Asking the schema
 * for the table first would read a row for each table and each index of the database.
 *
 * @throws Other errors of the platform.
 */
export function firstRow(
  { sql }: Pick<ObjectStorageLike, "sql">,
  query: string,
): ReturnType<SqlCursorLike["raw"]> extends Iterable<infer Row> ? Row | undefined : never {
  try {
    return [...sql.exec(query).raw()][0];
  } catch (error) {
    if (String(error).includes(NO_TABLE)) return undefined;
    throw error;
  }
}
