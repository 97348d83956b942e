import { existsSync } from "node:fs";
import type { Backend } from "@holdfast/store/backend";
import { openFile } from "./driver.ts";

/** Where accounts are kept. */
export interface Database {
  /** Opens what is kept of an account; an unknown name is a new account. */
  open(account: string): Promise<Backend>;
  /** Whether the place is there. Opening it would create it. */
  exists(): boolean;
  close(): Promise<void>;
}

/** The place where `--db` is not given. */
export const DEFAULT_DATABASE = "bots.db";

/** What `--db` takes, for the help text. */
export const DATABASE_HELP = "the file of the database";

/** The database of a file, which all accounts share. Opens at once, so there is nothing to stop. */
export async function openDatabase(path: string, _stopping: AbortSignal): Promise<Database> {
  return {
    open: (account) => openFile(path, account),
    exists: () => existsSync(path),
    close: async () => {},
  };
}
