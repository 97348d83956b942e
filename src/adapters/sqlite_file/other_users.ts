import { mapDriverError } from "./driver_errors.ts";
import type { NativeDatabase } from "./native_client.ts";

/** SQLite's codes for "another connection has it open". */
const BUSY = /^SQLITE_(?:BUSY|LOCKED)/;

/**
 * Whether another connection, of this or another process, has a file open with its log. An owner has, from
 * the commit that takes the ownership until it closes the account. Which account it has open cannot be told.
 *
 * Removes the log that a killed process has left, as the next opening would.
 *
 * @param connect Opens the file so that it can be written. The connection is closed again.
 * @throws {StoreError} When the file cannot be opened.
 */
export function hasOtherUsers(connect: () => NativeDatabase, path: string): boolean {
  let database: NativeDatabase | undefined;
  try {
    database = connect();
    // Needs every lock of the file, which it gets only when no other connection is there. A prepared
    // statement would keep a native connection, and its lock, until it is garbage-collected.
    database.exec("PRAGMA journal_mode = DELETE");
    const statement = database.prepare("PRAGMA journal_mode");
    statement.raw(true);
    const [row] = statement.all([]) as unknown[][];
    return row?.[0] !== "delete";
  } catch (error) {
    const code = (error as { readonly code?: unknown } | null)?.code;
    if (typeof code === "string" && BUSY.test(code)) return true;
    throw mapDriverError(error, "open database", path);
  } finally {
    if (database?.open === true) database.close();
  }
}
