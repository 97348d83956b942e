import { type FileLook, isSameFile, lookAt } from "./file_look.ts";
import type { HostFiles } from "./host_modules.ts";

/**
 * The log of a connection, told from another one of the same name. SQLite deletes a log by its name, which
 * may be that of a process that has opened another file at the path since.
 */
export class LogFile {
  readonly #files: HostFiles | undefined;
  readonly #path: string;
  /** `undefined` before the first look, and when that saw none. */
  #look: FileLook | undefined;
  #isSeen = false;

  constructor(files: HostFiles | undefined, database: string) {
    this.#files = files;
    this.#path = `${database}-wal`;
  }

  /**
   * Remembers the log, once for each opening of the connection, after it was used.
   *
   * @param isSameDatabase Whether the database is still at its path. It is asked after the look: a log that
   *   is seen before cannot be of another database.
   */
  remember(isSameDatabase: () => boolean): void {
    if (this.#isSeen || this.#files === undefined) return;
    this.#isSeen = true;
    const look = lookAt(this.#files, this.#path);
    if (look !== undefined && look !== "absent" && isSameDatabase()) this.#look = look;
  }

  /** The connection is closed or rests. It may have deleted the log, and the next log may have its inode. */
  forget(): void {
    this.#look = undefined;
    this.#isSeen = false;
  }

  /** Whether the log at the path is the one that is remembered. */
  isThere(): boolean {
    if (this.#look === undefined || this.#files === undefined) return false;
    const look = lookAt(this.#files, this.#path);
    return look !== undefined && look !== "absent" && isSameFile(this.#look, look);
  }
}
