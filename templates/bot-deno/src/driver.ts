import type { Backend } from "@holdfast/store/backend";
import { nodeSqliteBackend } from "@holdfast/store/node-sqlite";

/** Opens an account of a database file, through the SQLite that Deno has. */
export async function openFile(path: string, account: string): Promise<Backend> {
  return await nodeSqliteBackend({ path, account });
}
