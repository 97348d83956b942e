import { type Backend, rowsOf, type Write, type WriteOf } from "../backend/mod.ts";
import type { Clock } from "../ports/mod.ts";
import { estimateBytes } from "../write_behind/mod.ts";
import { type AccountLimits, limitReached } from "./request_meter.ts";

/** Shortest pause between two measurements in milliseconds, and how many times as long as one it is. */
const MIN_PAUSE_MS = 1_000;
const PAUSE_RATIO = 10;

/** Writes that may add rows. The device has one row. */
const ADDS = /^(?!account|device\.).*\.(?!expire|sweep|clear|delete|remove|mark)/;

/** Rows that may be replaced at the limit, and the reads that tell whether they are there. */
const REPLACED = [
  ["identity.put", "loadIdentities"],
  ["session.put", "loadSessionRows"],
  ["senderKey.put", "loadSenderKeyRows"],
] as const;

/** What an account has stored. */
export interface StoredSize {
  readonly bytes: number;
  /** Left out where only the bytes were measured. */
  readonly rows?: number | undefined;
}

/** How a `StorageMeter` measures. */
export interface StorageHost {
  readonly clock: Clock;
  /** Returns the bare backend of the account. */
  backend(): Promise<Backend>;
  /** Size in bytes of the database of the account, if it has one of its own. */
  databaseBytes?(): number | undefined;
}

/**
 * Refuses commits that would take an account beyond its limits. It measures what is stored, and adds up what
 * commits may have added since. Where that reaches a limit, it measures again. An account without limits is
 * never measured.
 */
export class StorageMeter {
  readonly #host: StorageHost;
  /** At least what is stored; `undefined` before the first measurement. */
  #stored: StoredSize | undefined;
  /** Clock time in milliseconds from which it may be measured again. */
  #nextAtMs = 0;

  constructor(host: StorageHost) {
    this.#host = host;
  }

  /**
   * Admits the writes of a commit. Identities, sessions and sender keys that are there may be replaced at the
   * limit as well.
   *
   * @throws {LimitError} When the writes may add rows and the account would exceed a limit. Nothing was
   *   written.
   */
  async admit(writes: readonly Write[], limits: AccountLimits): Promise<void> {
    const adding = writes.filter(({ kind }) => ADDS.test(kind));
    if (adding.length === 0 || (limits.maxBytes ?? limits.maxRows) === undefined) return;
    const bytes = estimateBytes(adding);
    const rows = adding.reduce((sum, write) => sum + rowsOf(write), 0);
    const { maxBytes = Number.POSITIVE_INFINITY, maxRows = Number.POSITIVE_INFINITY } = limits;
    const refusal = (stored: StoredSize): Error | undefined => {
      if (stored.bytes + bytes > maxBytes) return limitReached("maxBytes", maxBytes);
      if ((stored.rows ?? 0) + rows > maxRows) return limitReached("maxRows", maxRows);
      return undefined;
    };
    let stored = this.#known(limits) ?? (await this.measure(limits));
    if (refusal(stored) !== undefined) {
      if (await this.#replaces(adding)) return;
      stored = await this.measure(limits);
      const error = refusal(stored);
      if (error !== undefined) throw error;
    }
    this.#stored = {
      bytes: stored.bytes + bytes,
      rows: stored.rows === undefined ? undefined : stored.rows + rows,
    };
  }

  /** What is stored, measured now. Shortly after a measurement it is at least what is stored. */
  async measure(limits: AccountLimits): Promise<StoredSize> {
    const { clock, databaseBytes } = this.#host;
    const startedAtMs = clock.nowMs();
    const known = this.#known(limits);
    if (known !== undefined && startedAtMs < this.#nextAtMs) return known;
    const ownBytes = databaseBytes?.();
    let stored: StoredSize = { bytes: ownBytes ?? 0 };
    if (ownBytes === undefined || limits.maxRows !== undefined) {
      const { tables } = await (await this.#host.backend()).snapshotDb("limits");
      const sum = (of: "bytes" | "rows"): number => tables.reduce((total, table) => total + table[of], 0);
      stored = { bytes: ownBytes ?? sum("bytes"), rows: sum("rows") };
    }
    const nowMs = clock.nowMs();
    this.#nextAtMs = nowMs + Math.max(MIN_PAUSE_MS, PAUSE_RATIO * (nowMs - startedAtMs));
    this.#stored = stored;
    return stored;
  }

  /** The last measurement and what was added since, if it has what the limits are of. */
  #known({ maxRows }: AccountLimits): StoredSize | undefined {
    return maxRows === undefined || this.#stored?.rows !== undefined ? this.#stored : undefined;
  }

  /** Whether writes replace rows that are there, and add none. */
  async #replaces(writes: readonly Write[]): Promise<boolean> {
    const backend = await this.#host.backend();
    const found = await Promise.all(
      REPLACED.map(([kind, read]) =>
        backend[read](writes.flatMap((write) => (write.kind === kind ? [keyOf(write)] : []))),
      ),
    );
    return found.flat().filter((row) => row !== undefined).length === writes.length;
  }
}

function keyOf(write: Write): string {
  return "address" in write ? write.address : (write as WriteOf<"senderKey.put">).name;
}
