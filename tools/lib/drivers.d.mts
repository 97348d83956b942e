/** Folders of tools/drivers. */
export const DRIVER_FOLDERS: readonly ["better-sqlite3-12", "better-sqlite3-13"];
/** The folder of `better-sqlite3` for a version of Node, `undefined` when it is not installed and built. */
export function installedBetterSqlite3(nodeMajor?: number): string | undefined;
/** Installs what the running Node and those of tools/nodes need. Resolves with the names of their folders. */
export function installDrivers(): Promise<string[]>;
