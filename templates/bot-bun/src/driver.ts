import type { Backend } from "@holdfast/store/backend";
import { bunSqliteBackend } from "@holdfast/store/bun-sqlite";

/** Opens an account of a database file, through the SQLite that Bun has. */
export async function openFile(path: string, account: string): Promise<Backend> {
  return await bunSqliteBackend({ path, account });
}
