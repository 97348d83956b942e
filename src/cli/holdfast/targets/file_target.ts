import { statSync } from "node:fs";
import { checkIntegrity, type SqlDriver } from "../../../adapters/sqlite/mod.ts";
import { BUSY_TIMEOUT_MS, hasOtherUsers, openFileForReading } from "../../../adapters/sqlite_file/mod.ts";
import { BackendError } from "../../../errors/mod.ts";
import type { Logger } from "../../../ports/mod.ts";
import { CommandError } from "../command_error.ts";
import { eraseAccount, lookThrough } from "./database_access.ts";
import { type FileLibrary, fileLibrary } from "./file_library.ts";
import type { KeyOptions, Liveness, Looking, StoredTarget, Target } from "./target.ts";

/** A database in a file of this machine. */
export class FileTarget implements StoredTarget {
  readonly kind = "file";
  readonly path: string;
  readonly #logger: Logger;
  readonly #keys: KeyOptions;
  #library: FileLibrary | undefined;

  constructor(path: string, logger: Logger, keys: KeyOptions = {}) {
    this.path = path;
    this.#logger = logger;
    this.#keys = keys;
  }

  get shown(): string {
    return this.path;
  }

  /** @throws {CommandError} When no library can open files. */
  get library(): FileLibrary {
    this.#library ??= fileLibrary();
    return this.#library;
  }

  get hasKeys(): boolean {
    return this.#keys.sealing !== undefined;
  }

  async look(): Promise<Looking> {
    const driver = await this.#read();
    return await lookThrough({
      driver,
      shown: JSON.stringify(this.path),
      keys: this.#keys,
      hiddenOwner: async () => {
        const [mode] = await driver.query("PRAGMA journal_mode", []);
        // A file has a log from an owner's first commit to its close.
        return mode?.[0] === "wal" ? "The file has a log: an owner runs or was killed" : undefined;
      },
      integrity: checkIntegrity,
    });
  }

  async #read(): Promise<SqlDriver> {
    const { path } = this;
    const { openForReading } = this.library;
    try {
      return await openFileForReading({ path, logger: this.#logger, open: openForReading });
    } catch (error) {
      if (!(error instanceof BackendError) || statSync(path, { throwIfNoEntry: false }) !== undefined)
        throw error;
      throw new CommandError("absent", `open file: there is no file ${JSON.stringify(path)}`);
    }
  }

  async liveness(): Promise<Liveness> {
    // Connecting would create it.
    if (statSync(this.path, { throwIfNoEntry: false }) === undefined) return { state: "none" };
    if (!hasOtherUsers(() => this.library.connect(this.path, BUSY_TIMEOUT_MS), this.path))
      return { state: "none" };
    return {
      state: "lives",
      sentence: `another process has ${this.path} open (which of its accounts cannot be seen from outside)`,
    };
  }

  open(account: string, keys: KeyOptions = this.#keys): ReturnType<Target["open"]> {
    return this.library.backend(this.path, account, this.#logger, keys);
  }

  driver(logger: Logger): Promise<SqlDriver> {
    return this.library.driver(this.path, logger);
  }

  async erase({ account, accountId }: Parameters<Target["erase"]>[0]): Promise<void> {
    await eraseAccount(await this.open(account), accountId);
  }
}
