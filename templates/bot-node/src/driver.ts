import type { Backend } from "@holdfast/store/backend";
import { libsqlBackend } from "@holdfast/store/libsql";

/**
 * Opens an account of a database file, through the native library `libsql`. From Node 22.16 on,
 * `nodeSqliteBackend({ path, account })` of `@holdfast/store/node-sqlite` opens the same file without a package.
 */
export async function openFile(path: string, account: string): Promise<Backend> {
  return await libsqlBackend({ url: `file:${path}`, account });
}
