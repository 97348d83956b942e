import type { ListedTable, Write } from "../backend/mod.ts";
import { AmbiguousError, ClosedError, LimitError } from "../errors/mod.ts";
import { encodeRecord, type TransferCounts } from "./records.ts";
import { tableOfWrite } from "./write_codec.ts";

/** Bytes of commits that may wait while a backup reads a page, or its sink is slow. */
export const MAX_WAITING_BYTES: number = 16 * 1_024 * 1_024;

/**
 * Keeps the commits that are applied while a backup is under way, encoded, until the backup takes them. At
 * its limit the backup fails, never the account.
 */
export class CommitLog {
  readonly #counts: TransferCounts;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #failure: unknown;
  #collections = new Set<string>();
  readonly #begun = new Set<string>();

  /** Names of the collections that the backup has written so far. */
  readonly collectionsWritten: Set<string> = new Set();

  constructor(counts: TransferCounts) {
    this.#counts = counts;
  }

  /** Takes note of an applied commit; `undefined` for one whose outcome is unknown. It does not throw. */
  readonly follow = (writes: readonly Write[] | undefined): void => {
    if (this.#failure !== undefined) return;
    try {
      if (writes === undefined)
        throw new AmbiguousError("back up account: the outcome of a commit is unknown, repeat the backup");
      for (const write of writes) this.#add(write);
    } catch (error) {
      this.#failure = error;
      this.#waiting = [];
    }
  };

  /** Says that the first page of a table is read now. What was committed to it before is in its pages. */
  begin(table: ListedTable): void {
    this.#begun.add(table);
  }

  /** The commits since the last call. @throws {StoreError} When they could not be kept. */
  take(): readonly Uint8Array[] {
    if (this.#failure !== undefined) throw this.#failure;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    return waiting;
  }

  /** Names of the collections of app state that were changed since the last call. */
  takeCollections(): ReadonlySet<string> {
    const collections = this.#collections;
    this.#collections = new Set();
    return collections;
  }

  #add(write: Write): void {
    const kept = this.#keptOf(write);
    if (kept === undefined) return;
    const record = { kind: "later", write: kept } as const;
    const bytes = encodeRecord(record);
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_WAITING_BYTES) {
      throw new LimitError(
        `back up account: more than ${MAX_WAITING_BYTES} bytes were committed while the sink was busy`,
      );
    }
    this.#counts.add(record);
    this.#waiting.push(bytes);
  }

  /** The write as it is repeated. `undefined` for what the backup reads itself. */
  #keptOf(write: Write): Write | undefined {
    switch (write.kind) {
      case "syncVersion.put":
      case "syncVersion.patch":
      case "syncVersion.delete":
        // Pages of a collection have generations of their own: see `listRows`.
        this.#collections.add(write.name);
        return undefined;
      case "syncVersion.sweep":
      // It concerns accounts that were retired before.
      case "account.expireSetAside":
        return undefined;
      case "account.clear":
        this.#collections.add("");
        return write;
      case "device.save":
        return write;
      default:
        if (write.kind.startsWith("account."))
          throw new ClosedError("back up account: the account was deleted or retired during the backup");
        if (!this.#begun.has(tableOfWrite(write))) return undefined;
        // Which rows a limited removal takes is not specified.
        return "limit" in write && write.limit !== undefined ? { ...write, limit: undefined } : write;
    }
  }
}
