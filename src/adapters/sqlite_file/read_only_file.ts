import { BackendError } from "../../errors/mod.ts";
import type { Logger } from "../../ports/mod.ts";
import type { SqlDriver, SqlValue } from "../sqlite/mod.ts";
import { decodeTexts, refuseBadText, withoutText } from "./checked_text.ts";
import { mapDriverError } from "./driver_errors.ts";
import { rowsOf, toDriver } from "./driver_values.ts";
import { findFile } from "./file_path.ts";
import { type HostFiles, hostFiles } from "./host_modules.ts";
import { NativeClient, type OpenForReading } from "./native_client.ts";
import { BUSY_TIMEOUT_MS, SQLITE_LIMITS } from "./open_files.ts";
import { BusyRetry } from "./retry_busy.ts";

/** Options of `openFileForReading`. */
export interface ReadFileOptions {
  /** Absolute or relative path of a file that exists. */
  readonly path: string;
  readonly logger: Logger;
  readonly open: OpenForReading;
  /** The file system. Defaults to that of the host, `undefined` where it has none. */
  readonly files?: HostFiles | undefined;
}

/**
 * Opens a driver that reads a file and cannot write it: no layout, no witness, no log is written, and no
 * journal mode changed. All queries see the file as it was at the first one, since they are one transaction.
 *
 * An owner that has the file open goes on undisturbed, but its log cannot be reset until this driver is
 * closed. A file at rest cannot be opened by an owner until then.
 *
 * @throws {CorruptError} When the file is damaged so that it seems to be new.
 * @throws {BackendError} When the file does not exist or cannot be read.
 */
export async function openFileForReading(options: ReadFileOptions): Promise<SqlDriver> {
  const { path: given, logger, open, files = hostFiles() } = options;
  const path = files === undefined ? given : findFile(files, given);
  const client = new NativeClient(() => open(path, BUSY_TIMEOUT_MS));
  const retry = new BusyRetry({ logger });
  let isBegun = false;
  const run = async (
    sql: string,
    params: readonly SqlValue[],
    onlyFirst?: boolean,
  ): Promise<SqlValue[][]> => {
    const checked = withoutText(sql);
    try {
      if (!isBegun) await client.execute({ sql: "BEGIN", args: [] });
      isBegun = true;
      const rows = rowsOf(await client.execute({ ...toDriver({ sql: checked ?? sql, params }), onlyFirst }));
      return checked === undefined ? rows : decodeTexts(rows, refuseBadText);
    } catch (error) {
      throw mapDriverError(error, "read", path);
    }
  };
  return {
    limits: SQLITE_LIMITS,
    durable: true,
    query: (sql, params, onlyFirst) => retry.run(() => run(sql, params, onlyFirst)),
    batch: async () => {
      throw new BackendError("commit: the file is open for reading");
    },
    close: async () => {
      // A native connection closes only when its statements are garbage-collected: its lock would stay.
      if (isBegun) await client.execute({ sql: "ROLLBACK", args: [] }).catch(() => {});
      isBegun = false;
      client.close();
    },
  };
}
