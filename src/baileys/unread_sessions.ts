import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import type { KeyDataSet, KeyType } from "./library_types.ts";

/** Reads values by id. */
type Read = (type: KeyType, ids: readonly string[]) => Promise<Record<string, unknown>>;

/**
 * Sessions in use whose last read failed. Baileys takes a session that it cannot read for one that is not
 * there, begins another and would store it over the one that is.
 *
 * A record that is there and cannot be understood is let go: nothing but a new session helps.
 */
export class UnreadSessions {
  /** What reading them last failed with, by the address in use. */
  readonly #inUse = new Map<string, Error | undefined>();

  /**
   * Runs what reads and stores the session of `address`. The caller holds its lock.
   *
   * @throws {Error} What reading it failed with, if `section` fails: that there is no session is then not
   * true.
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

  /** Reads values and remembers which of the sessions in use could not be read. */
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

  /** Passes what stores no session over an unread one. @throws {Error} What reading it failed with. */
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
