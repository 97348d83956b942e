import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import type { KeyDataSet, KeyType } from "./library_types.ts";

/** Reads values by id. */
type Read = (type: KeyType, ids: readonly string[]) => Promise<Record<string, unknown>>;

/**
 * Sessions in use whose last read failed. Baileys treats a session that it cannot read as absent, begins
 * another and would overwrite the stored one.
 *
 * An invalid stored record may be overwritten, because only a new session helps.
 */
export class UnreadSessions {
  /** The error of the last read, by the address in use. */
  readonly #inUse = new Map<string, Error | undefined>();

  /**
   * Runs a section that reads and stores the session of `address`. The caller holds its lock.
   *
   * @throws {Error} The error of the read, if `section` fails after a failed read.
   */
  async using<T>(address: string, section: () => Promise<T>): Promise<T> {
    this.#inUse.set(address, undefined);
    try {
      return await section();
    } catch (error) {
      throw this.#inUse.get(address) ?? error;
    } finally {
      this.#inUse.delete(address);
    }
  }

  /** Reads values and records which sessions in use could not be read. */
  async read(type: KeyType, ids: readonly string[], read: Read): Promise<Record<string, unknown>> {
    try {
      const found = await read(type, ids);
      if (type === "session") this.#remember(ids, undefined);
      return found;
    } catch (error) {
      const isDamage = error instanceof CorruptError || error instanceof WrongLengthError;
      if (type === "session") this.#remember(ids, isDamage || !(error instanceof Error) ? undefined : error);
      throw error;
    }
  }

  /** Checks that no value overwrites a session whose read failed. @throws {Error} The error of the read. */
  requireRead(data: KeyDataSet): void {
    for (const [address, value] of Object.entries(data.session ?? {})) {
      const error = value === null ? undefined : this.#inUse.get(address);
      if (error !== undefined) throw error;
    }
  }

  #remember(addresses: readonly string[], error: Error | undefined): void {
    for (const address of addresses) if (this.#inUse.has(address)) this.#inUse.set(address, error);
  }
}
